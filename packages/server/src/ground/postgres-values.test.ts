import { describe, expect, it } from 'vitest';
import { decoderOf, encodeParam, PgValueError } from './postgres-values.ts';

describe('values for PostgreSQL', () => {
  it('are written as text, and bytes as bytes', () => {
    expect([null, 2n ** 62n, 7, 0.5, true, 'a'].map(encodeParam)).toEqual([null, '4611686018427387904', '7', '0.5', 'true', 'a']);
    const whole = Buffer.from('0123456789');
    expect(encodeParam(new Uint8Array(whole.buffer, whole.byteOffset + 2, 3))).toEqual(Buffer.from('234'));
  });

  it('are arrays in the form that PostgreSQL reads', () => {
    expect(encodeParam([])).toBe('{}');
    expect(encodeParam([1n, null, -2n])).toBe('{1,NULL,-2}');
    expect(encodeParam(['NULL', null, '', 'a"b\\c', '{,}'])).toBe('{"NULL",NULL,"","a\\"b\\\\c","{,}"}');
    expect(encodeParam([Buffer.from([0, 255]), Buffer.alloc(0)])).toBe('{"\\\\x00ff","\\\\x"}');
  });

  it.each([
    ['a NUL', 'a\0b'],
    ['half a surrogate pair', 'a\ud800'],
    ['a NUL in an array', ['a', '\0']],
    ['no number', Number.NaN],
    ['infinity', [Number.POSITIVE_INFINITY]],
  ])('are refused where they could not be stored unchanged: %s', (_, value) => {
    expect(() => encodeParam(value)).toThrow(PgValueError);
  });

  it('are read by their type', () => {
    expect(decoderOf(20)('9007199254740993')).toBe(9007199254740993n);
    expect([decoderOf(21)('1'), decoderOf(23)('-1'), decoderOf(26)('4294967295')]).toEqual([1n, -1n, 4294967295n]);
    expect([decoderOf(16)('t'), decoderOf(16)('f')]).toEqual([true, false]);
    expect(decoderOf(17)('\\x00ff')).toEqual(Buffer.from([0, 255]));
    expect([decoderOf(25)('x'), decoderOf(1700)('1.50'), decoderOf(0)('?')]).toEqual(['x', '1.50', '?']);
  });
});
