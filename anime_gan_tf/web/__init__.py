"""A generator as one web page that draws offline."""
