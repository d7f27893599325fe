-- A mark that grows with every change of who takes part, so that every node sees a suspension at once.
INSERT INTO counter (name, n) VALUES ('participants', 0);
