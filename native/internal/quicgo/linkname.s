// Without an assembly file the compiler does not accept a function without a body.
