def load(size): raise NotImplementedError
