-- Persons that were erased: what is left of them is their opaque id, and who asked why. case_no is the asker's file.
CREATE TABLE erasure (
    person_id TEXT NOT NULL PRIMARY KEY,
    ground INTEGER NOT NULL,
    case_no TEXT NOT NULL,
    asked_by TEXT NOT NULL,
    region TEXT NOT NULL,
    erased_at_us BIGINT NOT NULL
);
-- an erasure looks for a person's proofs
CREATE INDEX face_proof_person ON face_proof (person_id);
