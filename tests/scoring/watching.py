"""Calls of functions, counted."""


def counted_calls(monkeypatch, *places):
    """Name to the number of calls so far, of functions that are each given by their module or class and their name."""
    done = dict.fromkeys((name for _, name in places), 0)

    def watch(owner, name):
        original = getattr(owner, name)

        def counted(*args):
            done[name] += 1
            return original(*args)

        monkeypatch.setattr(owner, name, counted)

    for place in places:
        watch(*place)
    return done
