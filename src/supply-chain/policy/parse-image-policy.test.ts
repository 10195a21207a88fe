import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UserError } from '../../base/user-error.ts'
import { maxExpressionLength } from './condition.ts'
import { maxSigners, maxSubjectPattern, parseImagePolicy } from './parse-image-policy.ts'

const key = { trustRoot: 'team', name: 'release' }
const keyless = { trustRoot: 'team', issuer: 'https://issuer', subject: 'a@example.com' }
const parse = (spec: unknown) => parseImagePolicy('p', undefined, spec)
const condition = (expression: string) => ({ key, attestations: [{ predicateType: 'x', conditions: [{ expression }] }] })

test('parseImagePolicy() names the field that is wrong, and what is accepted', () => {
  const verify = (signer: unknown) => ({ images: ['**'], verify: { anyOf: [signer] } })
  const rows: readonly [unknown, RegExp][] = [
    [null, /^spec must be an object$/],
    [{}, /^spec\.images must name the images that the policy is for; "\*\*" is all$/],
    [{ images: [] }, /^spec\.images must name/],
    [{ images: ['a:1'] }, /^spec\.images\[0\] must name repositories, without a tag/],
    [{ images: [5] }, /^spec\.images\[0\] must be a text$/],
    [{ images: ['**'], verfiy: {} }, /^spec has the unknown field "verfiy"; it may have images, verify/],
    [{ images: ['**'], verify: {} }, /^spec\.verify must have exactly one of anyOf and allOf$/],
    [{ images: ['**'], verify: { anyOf: [], allOf: [] } }, /exactly one of anyOf and allOf/],
    [{ images: ['**'], verify: { anyOf: [] } }, /^spec\.verify\.anyOf must name at least one signer$/],
    [{ images: ['**'], verify: { allOf: Array(maxSigners + 1).fill({ key }) } }, /at most 20 entries$/],
    [verify({}), /^spec\.verify\.anyOf\[0\] must have exactly one of key and keyless$/],
    [verify({ key, keyless }), /exactly one of key and keyless/],
    [verify({ key: { name: 'a' } }), /^spec\.verify\.anyOf\[0\]\.key\.trustRoot is required$/],
    [verify({ keyless: { ...keyless, subjectRegExp: '.*' } }), /exactly one of subject and subjectRegExp$/],
    [verify({ keyless: { trustRoot: 'a', issuer: 'b', subjectRegExp: 'a)|(b' } }), /subjectRegExp is no pattern of RE2/],
    [verify({ keyless: { trustRoot: 'a', issuer: 'b', subjectRegExp: '(?=a)' } }), /subjectRegExp is no pattern of RE2/],
    [verify({ keyless: { trustRoot: 'a', issuer: 'b', subjectRegExp: 'a'.repeat(maxSubjectPattern + 1) } }), /at most 512 characters/],
    [verify({ key, signature: 'Optional' }), /attestations must name an attestation where the signature is optional/],
    [verify({ key, signature: 'no' }), /signature must be Required or Optional$/],
    [verify(condition('predicate.a ==')), /attestations\[0\]\.conditions\[0\]\.expression: ERROR: <input>:1:/],
    [verify(condition('1 + 1')), /expression must be true or false; it is of type int$/],
    [verify(condition('object.a == 1')), /undeclared reference to 'object'/],
    [verify(condition('a'.repeat(maxExpressionLength + 1))), /at most 4096 characters$/],
    [{ images: ['**'], onFailure: 'Ignore' }, /^spec\.onFailure must be Refuse or Warn$/],
    [{ images: ['**'], maxSeverity: 'urgent' }, /^spec\.maxSeverity must be unknown or low or medium or high or critical$/],
    [{ images: ['**'], maxAge: '30d' }, /^spec\.maxAge must be a duration above 0, such as 720h$/],
  ]
  for (const [spec, message] of rows)
    assert.throws(
      () => parse(spec),
      err => err instanceof UserError && message.test(err.message),
      `${JSON.stringify(spec)?.slice(0, 200)} must give ${message}`,
    )
})

test('parseImagePolicy() matches the whole subject with its pattern', () => {
  const { signers } = parse({
    images: ['**'],
    verify: { anyOf: [{ keyless: { trustRoot: 'team', issuer: 'https://issuer', subjectRegExp: 'https://github\\.com/org/[a-z]+|b' } }] },
  })
  const identity = signers[0]?.identity
  assert.ok(identity?.kind === 'keyless')
  for (const [subject, expected] of [
    ['https://github.com/org/repo', true],
    ['b', true],
    ['https://github.com/org/repo/evil', false],
    ['xhttps://github.com/org/repo', false],
    ['https://githubxcom/org/repo', false],
    ['b\n', false],
  ] as const)
    assert.equal(identity.matches(subject), expected, subject)
})
