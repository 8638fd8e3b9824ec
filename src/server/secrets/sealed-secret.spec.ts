import { isSealed, seal, unseal } from './sealed-secret.js';

const key = { id: 'one', bytes: Buffer.alloc(32, 1) };
const VALUE = { metadataUrl: 'rediss://:hunter2@cache/1', n: [1, null] };

describe('a sealed secret', () => {
  it('opens to what it was, and shows nothing of it', () => {
    const sealed = seal(VALUE, 'stor_1', key);
    expect(JSON.stringify(sealed)).not.toMatch(/hunter2|rediss|cache/);
    expect(sealed.key).toBe('one');
    expect(isSealed(sealed)).toBe(true);
    expect(unseal(sealed, 'stor_1', key)).toEqual(VALUE);
  });

  it('is another each time', () => {
    expect(seal(VALUE, 'stor_1', key).data).not.toBe(seal(VALUE, 'stor_1', key).data);
  });

  it('does not open as the secret of another, with another key, or changed', () => {
    const sealed = seal(VALUE, 'stor_1', key);
    expect(() => unseal(sealed, 'stor_2', key)).toThrow();
    expect(() => unseal(sealed, 'stor_1', { id: 'one', bytes: Buffer.alloc(32, 2) })).toThrow();
    const data = Buffer.from(sealed.data, 'base64');
    data[0] = data[0]! ^ 1;
    expect(() => unseal({ ...sealed, data: data.toString('base64') }, 'stor_1', key)).toThrow();
    expect(() => unseal({ ...sealed, tag: '' }, 'stor_1', key)).toThrow();
  });

  it.each([[{}], [{ metadataUrl: 'x' }], [null], ['text'], [undefined]])('is not %j', (value) => {
    expect(isSealed(value)).toBe(false);
  });
});
