import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Secret } from '../../types/core-v1.ts'
import { validateNew, validateUpdate } from './new-object.fixture.ts'
import { secret } from './secret.ts'

const base64 = (text: string): string => Buffer.from(text).toString('base64')
const of = (fields: Partial<Secret>): Secret => ({ metadata: { name: 'a', namespace: 'b' }, ...fields })

describe('Secret', () => {
  test('is opaque by default and encodes stringData over data', () => {
    const { object } = validateNew(secret, of({ data: { a: base64('1'), b: base64('2') }, stringData: { b: 'drei', c: 'ü' } }))
    assert.deepEqual(object, of({ type: 'Opaque', data: { a: base64('1'), b: base64('drei'), c: base64('ü') } }))
  })

  test('accepts __proto__ as a key', () => {
    const { object } = validateNew(secret, of({ stringData: JSON.parse('{"__proto__":"x"}') }))
    assert.deepEqual(Object.entries(object.data ?? {}), [['__proto__', base64('x')]])
  })

  const rows: readonly (readonly [type: string, data: Record<string, string>, fields: readonly string[]])[] = [
    ['Opaque', {}, []],
    ['kubernetes.io/tls', { 'tls.crt': '' }, ['data[tls.key]']],
    ['kubernetes.io/tls', { 'tls.crt': '', 'tls.key': '' }, []],
    ['kubernetes.io/basic-auth', {}, ['data[username]', 'data[password]']],
    ['kubernetes.io/basic-auth', { password: '' }, []],
    ['kubernetes.io/ssh-auth', { 'ssh-privatekey': '' }, ['data[ssh-privatekey]']],
    ['kubernetes.io/dockerconfigjson', {}, ['data[.dockerconfigjson]']],
    ['kubernetes.io/dockerconfigjson', { '.dockerconfigjson': base64('{"auths":{}}') }, []],
    ['kubernetes.io/dockerconfigjson', { '.dockerconfigjson': base64('[]') }, ['data[.dockerconfigjson]']],
    ['kubernetes.io/dockercfg', { '.dockercfg': base64('{') }, ['data[.dockercfg]']],
    ['kubernetes.io/service-account-token', {}, ['metadata.annotations[kubernetes.io/service-account.name]']],
    ['example.com/own', { any: '' }, []],
  ]
  for (const [type, data, fields] of rows) {
    test(`${type} with ${Object.keys(data).join() || 'nothing'}`, () =>
      assert.deepEqual(validateNew(secret, of({ type, data })).fields, fields))
  }

  test('is limited in size', () => {
    const whole = 'x'.repeat(1024 * 1024)
    assert.deepEqual(validateNew(secret, of({ stringData: { a: whole } })).fields, [])
    assert.deepEqual(validateNew(secret, of({ stringData: { a: whole, b: 'x' } })).fields, ['data'])
  })

  test('never repeats its contents in an error', () => {
    const { errors } = validateNew(secret, of({ type: 'kubernetes.io/dockercfg', data: { '.dockercfg': base64('hunter2') } }))
    assert.equal(errors.length, 1)
    assert.ok(!errors.join().includes('hunter2'))
  })

  const unread: readonly (readonly [text: string, why: string])[] = [
    ['', 'unexpected end of JSON input'],
    ['{', 'unexpected end of JSON input'],
    ['hunter2', "invalid character 'h' looking for beginning of value"],
    ['{} x', "invalid character 'x' after top-level value"],
    ['true', 'json: cannot unmarshal bool into Go value of type map[string]interface {}'],
  ]
  for (const [text, why] of unread) {
    test(`CVE-2020-8564: says why it cannot read ${JSON.stringify(text)}, without its content`, () => {
      const { errors } = validateNew(secret, of({ type: 'kubernetes.io/dockercfg', data: { '.dockercfg': base64(text) } }))
      assert.deepEqual(errors, [`data[.dockercfg]: Invalid value: "<secret contents redacted>": ${why}`])
    })
  }

  test('keeps its type', () => {
    assert.deepEqual(validateUpdate(secret, of({ type: 'a/b' }), object => Object.assign(object, { type: 'Opaque' })).fields, ['type'])
  })

  test('that is immutable keeps its data', () => {
    const old = of({ type: 'Opaque', immutable: true, data: { a: base64('1') } })
    assert.deepEqual(validateUpdate(secret, old, object => Object.assign(object, { data: {} })).fields, ['data'])
    const empty = of({ type: 'Opaque', immutable: true })
    assert.deepEqual(validateUpdate(secret, empty, object => Object.assign(object, { data: {} })).fields, ['data'])
    assert.equal(validateUpdate(secret, of({ type: 'Opaque' }), object => Object.assign(object, { data: {} })).object.data, undefined)
  })
})
