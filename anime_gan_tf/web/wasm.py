"""An assembler of WebAssembly: modules of one function, as bytes.

A statement is its code, as bytes; statements one after another are their sum. An expression is a
Value, and Values of one type are added, multiplied and compared as in Python. Sections and opcodes
are those of the WebAssembly Core Specification 2.0, chapter 5.
"""
import dataclasses
import itertools

I32, F32, V128 = 0x7F, 0x7D, 0x7B  # types; a V128 is four numbers of 32 bits, VECTOR bytes
VECTOR = 16
_ADD = {I32: b"\x6A", V128: b"\xFD\xE4\x01"}
_SUBTRACT = {I32: b"\x6B"}
_MULTIPLY = {I32: b"\x6C", V128: b"\xFD\xE6\x01"}
_LESS = {I32: b"\x49"}  # without signs
# f32x4.pmax, one instruction of x86, which f32x4.max is not.
_LARGER = {V128: b"\xFD\xEB\x01"}
_SPLAT = b"\xFD\x13"
_LOAD, _LOAD_SPLAT, _STORE = b"\xFD\x00\x02", b"\xFD\x09\x02", b"\xFD\x0B\x02"


def _unsigned(value):
    """A number in LEB128."""
    last = value < 128
    return bytes([value]) if last else bytes([value & 127 | 128]) + _unsigned(value >> 7)


def _signed(value):
    last = -64 <= value < 64
    return bytes([value & 127]) if last else bytes([value & 127 | 128]) + _signed(value >> 7)


def _many(items):
    items = list(items)
    return _unsigned(len(items)) + b"".join(items)


def _name(text):
    return _unsigned(len(text)) + text.encode()


def _code(value):
    """Of a Value or a whole number."""
    return value.code if isinstance(value, Value) else b"\x41" + _signed(value)


@dataclasses.dataclass(frozen=True)
class Value:
    """An expression: its code and the type of its result."""
    code: bytes
    type: int = I32

    def _with(self, opcodes, *others):
        return Value(self.code + b"".join(map(_code, others)) + opcodes[self.type], self.type)

    def __add__(self, other):
        return self._with(_ADD, other)

    def __sub__(self, other):
        return self._with(_SUBTRACT, other)

    def __mul__(self, other):
        return self._with(_MULTIPLY, other)

    def __lt__(self, other):
        return self._with(_LESS, other)

    def larger(self, other):
        return self._with(_LARGER, other)

    # ----- vectors at the address that this is, and `offset` bytes behind

    def load(self, offset=0):
        return Value(self.code + _LOAD + _unsigned(offset), V128)

    def load_splat(self, offset=0):
        """One number, four times."""
        return Value(self.code + _LOAD_SPLAT + _unsigned(offset), V128)

    def store(self, vector, offset=0):
        return self.code + vector.code + _STORE + _unsigned(offset)

    def splat(self):
        """This number, four times."""
        return Value(self.code + _SPLAT, V128)


@dataclasses.dataclass(frozen=True)
class Variable(Value):
    number: int = 0

    def put(self, value):
        return _code(value) + b"\x21" + _unsigned(self.number)

    def advance(self, by):
        return self.put(self + by)


class Function:
    """A function without a result: its parameters and variables."""

    def __init__(self, name, types):
        """types: of the parameters, which are self.parameters."""
        self.name = name
        self._types, self._count = [], len(types)
        self.parameters = [self.new(type_) for type_ in types]

    def new(self, type_=I32):
        """A Variable, zero at first."""
        number = len(self._types)
        self._types.append(type_)
        return Variable(b"\x20" + _unsigned(number), type_, number)

    def module(self, body):
        """The bytes of a module that exports the function, of that code, and imports
        page.memory."""
        variables = itertools.groupby(self._types[self._count:])
        code = _many(_unsigned(len(list(group))) + bytes([type_]) for type_, group in variables)
        code += body + b"\x0B"
        parameters = (bytes([type_]) for type_ in self._types[:self._count])
        sections = {
            1: b"\x60" + _many(parameters) + b"\x00",           # the type of the function
            2: _name("page") + _name("memory") + b"\x02\x00\x01",
            3: b"\x00",
            7: _name(self.name) + b"\x00\x00",
            10: _unsigned(len(code)) + code}
        packed = {number: _many([section]) for number, section in sections.items()}
        return b"\0asm\1\0\0\0" + b"".join(
            bytes([number]) + _unsigned(len(section)) + section
            for number, section in packed.items())


def repeat(body, condition):
    """Runs `body`, and again as long as the condition, a Value, is not zero then."""
    return b"\x03\x40" + body + condition.code + b"\x0D\x00\x0B"
