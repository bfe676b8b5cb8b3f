"""What each lesson asks, and how its answers are judged: one module a lesson.

Predictions and checks are made of `teaching`'s parts and compare with the library. They draw
nothing; a lesson imports the module of its number and nobody else does.
"""
