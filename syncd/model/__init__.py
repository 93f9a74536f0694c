"""Values that cross two rooms of syncd: frozen dataclasses and enums, standard library only."""
