"""One module a step: place, gather, render, plan, guard, apply."""
