"""A line between two nodes that is cut, or flips a bit, after as many bytes as told."""
import select
import socket
import threading

from party import free_port


class Wire:
    def __init__(self, port):
        self.port, self.to = free_port(), port
        self.after, self.what, self.open = None, None, []
        self.ear = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self.accept, daemon=True).start()

    def arm(self, what, after):
        """'cut' or 'flip', once so many bytes more have come by."""
        self.what, self.after = what, after

    def is_done(self):
        return self.after is None

    def accept(self):
        while True:
            ours, _ = self.ear.accept()
            try:
                theirs = socket.create_connection(("127.0.0.1", self.to), 5)
            except OSError:
                ours.close()
                continue
            threading.Thread(target=self.carry, args=(ours, theirs), daemon=True).start()

    def carry(self, ours, theirs):
        other = {ours: theirs, theirs: ours}
        try:
            while True:
                for source in select.select(list(other), [], [])[0]:
                    data = source.recv(65536)
                    if not data:
                        return
                    data, cut = self.spoil(data)
                    other[source].sendall(data)
                    if cut:
                        return
        except OSError:
            pass
        finally:
            ours.close()
            theirs.close()

    def spoil(self, data):
        if self.after is None:
            return data, False
        if self.after >= len(data):
            self.after -= len(data)
            return data, False
        at, self.after = self.after, None
        if self.what == "cut":
            return data[:at], True
        return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:], False
