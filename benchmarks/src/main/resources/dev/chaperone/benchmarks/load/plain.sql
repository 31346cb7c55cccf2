\set first random(1, 9900)
SELECT id, given_name, ssn, city, street, kind, amount, note, reference, made FROM plain WHERE id BETWEEN :first AND :first + 99;
