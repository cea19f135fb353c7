#!/bin/sh
# The value of AWS_LAMBDA_EXEC_WRAPPER: Lambda starts it with the interpreter and the arguments of
# its own runtime loop. The interpreter runs ours instead. Unbuffered: what a function prints must
# be out before Lambda freezes its process. Not `-m`: the loop would be imported twice.
exec "$1" -u -c 'from chalicelib.runtime import main; main()'
