import { expect, it } from 'vitest';
import { describeDatabase } from './postgres-url.ts';

it.each([
  ['postgres://user:secret@db.example:5433/books', 'database books at db.example:5433'],
  ['postgresql://user:se%2Fcret@db.example/books?sslmode=disable', 'database books at db.example:5432'],
  ['postgres:///books?host=/run/postgresql', 'database books at /run/postgresql:5432'],
  ['postgres://user:se:cr@et@db.example/books', 'database books at db.example:5432'],
])('%s goes to the %s', (url, place) => {
  expect(describeDatabase(url)).toBe(place);
  expect(describeDatabase(url)).not.toMatch(/se(:|%2F|\/)?cr/);
});

it.each([
  'postgres://user:12/345678@db.example/books',
  'postgres://user:12?345678@db.example/books',
  'postgres://user:12#345678@db.example/books',
  'postgres://user:123/45678:@db.example:5432/books',
  'postgres://user:sec/ret@db.example/books',
  'not a URL',
])('where part of the password may stand elsewhere nothing is said: %s', (url) => {
  expect(describeDatabase(url)).toBe('the database');
});
