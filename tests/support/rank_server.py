"""A rank that takes work as long as it lives: `horovodrun -np 2 python rank_server.py ADDRESS`.

Work is (function, arguments), the function as module:name of a module that can be imported here.
"""

import os
import sys
import traceback
from importlib import import_module
from multiprocessing.connection import Client


def serve(address: str) -> None:
    """Do what comes until nobody sends any more."""
    with Client(address, "AF_UNIX") as connection:
        connection.send(int(os.environ["HOROVOD_RANK"]))
        while True:
            try:
                name, arguments = connection.recv()
            except EOFError:
                return
            try:
                module, _, function = name.partition(":")
                connection.send((None, getattr(import_module(module), function)(*arguments)))
            except BaseException:  # noqa: BLE001 - whatever it is, the test is to see it
                connection.send((traceback.format_exc(), None))


if __name__ == "__main__":
    serve(sys.argv[1])
