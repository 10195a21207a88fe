import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createPublicKey } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { formatEnvelope, statementType } from '../../base/dsse.ts'
import { evidenceField, maxStatementBytes } from '../../base/statement.ts'
import { checkEvidence } from '../../signer/evidence-policy.ts'
import { createMemorySigner } from '../../signer/memory-signer.ts'
import { attempt, reportFacts, resultOf, signedReport, threeResults } from './report.testing.ts'
import { formatStatement } from './report.ts'
import { verifyReport } from './verify-report.ts'

type Fields = Record<string, unknown>

const limit = new AbortController().signal

test('formatStatement() is an in-toto test result with each attempt, and the signer signs it', () => {
  const statement = formatStatement(reportFacts, threeResults)
  checkEvidence(statement)
  const { _type, subject, predicateType, predicate } = JSON.parse(statement.toString())
  assert.deepEqual(
    [_type, predicateType, subject[0].digest.sha256, predicate.result, predicate.passedTests, predicate.warnedTests, predicate.failedTests],
    [
      ...['https://in-toto.io/Statement/v1', 'https://in-toto.io/attestation/test-result/v0.1', 'b'.repeat(64)],
      ...['FAILED', ['A3'], ['C4'], ['C3']],
    ],
  )
  assert.deepEqual(predicate[evidenceField].proofs[0].attempts, [attempt('a'), attempt('b')])
})

test('formatStatement() fits what the signer signs: attempts that did not hold first, of each proof, and the number of all', () => {
  const many = (from: number) => Array.from({ length: 5000 }, (_, at) => attempt(`${from} ${at} ${'x'.repeat(300)}`, at !== 4999))
  const statement = formatStatement(reportFacts, [
    resultOf('A1', { held: false, found: ['x'] }, many(1)),
    resultOf('A2', { held: false, found: ['x'] }, many(2)),
    threeResults[0] as (typeof threeResults)[0],
  ])
  checkEvidence(statement)
  assert.ok(statement.length > maxStatementBytes * 0.9)
  const [first, second, small] = JSON.parse(statement.toString()).predicate[evidenceField].proofs
  for (const { attempts, attemptCount } of [first, second]) {
    assert.equal(attemptCount, 5000)
    assert.equal(attempts.at(-1).held, false)
    assert.ok(attempts.length > 500, `${attempts.length}`)
  }
  assert.equal(small.attempts.length, 2)
})

test('verifyReport() accepts a signed report', async () => {
  const { text, publicKey, keyId } = await signedReport(threeResults)
  const { report, signedBy, problems } = verifyReport(text, createPublicKey(publicKey))
  assert.deepEqual([problems, signedBy, report?.result], [[], keyId, 'FAILED'])
  assert.deepEqual(report?.details.proofs[0]?.attempts, [attempt('a'), attempt('b')])
})

const reencoded = (payload: Buffer, change: (statement: Fields) => void): string => {
  const statement = JSON.parse(payload.toString())
  change(statement)
  return Buffer.from(JSON.stringify(statement)).toString('base64')
}
const tampered: readonly [name: string, change: (envelope: Fields, payload: Buffer) => void, problem: RegExp][] = [
  [
    'a changed payload',
    (e, p) => (e['payload'] = reencoded(p, s => ((s['predicate'] as Fields)['result'] = 'PASSED'))),
    /signature of key .* is wrong/,
  ],
  ['another payload type', e => (e['payloadType'] = 'text/plain'), /payload type is "text\/plain"[\s\S]*signature of key .* is wrong/],
  ['no signature', e => (e['signatures'] = []), /not signed/],
  ['the id of another key, which is a hint only', e => (((e['signatures'] as Fields[])[0] as Fields)['keyid'] = 'other'), /^$/],
  ['a cut signature', e => (((e['signatures'] as Fields[])[0] as Fields)['sig'] = 'AAAA'), /signature of key .* is wrong/],
]
for (const [name, change, problem] of tampered) {
  test(`verifyReport() of ${name}`, async () => {
    const { text, payload, publicKey } = await signedReport(threeResults)
    const envelope = JSON.parse(text)
    change(envelope, payload)
    assert.match(verifyReport(JSON.stringify(envelope), createPublicKey(publicKey)).problems.join('\n'), problem)
  })
}

test('verifyReport() with another key, and without one, says who signed', async () => {
  const { text, keyId } = await signedReport(threeResults)
  const other = (await signedReport(threeResults)).publicKey
  assert.match(verifyReport(text, createPublicKey(other)).problems.join('\n'), new RegExp(`signed by ${keyId}, and not by the given key`))
  assert.match(verifyReport(text, undefined).problems.join('\n'), new RegExp(`signed by ${keyId}, but there is no key`))
})

test('verifyReport() reports what an honest report does not say, although it is signed', async () => {
  const of = async (results: typeof threeResults, facts = {}) => {
    const { text, publicKey } = await signedReport(results, facts)
    return verifyReport(text, createPublicKey(publicKey)).problems.join('\n')
  }
  assert.match(await of(threeResults, { keyId: 'other' }), /names the key other, but .* signed it/)
  assert.match(await of([...threeResults, ...threeResults.slice(0, 1)]), /A proof is reported twice/)
  assert.match(await of([resultOf('A3', { held: true, evidence: 'x' }, [attempt('a', false)])]), /A3 held, but one of its attempts did not/)
  assert.match(await of(threeResults, { cluster: {} }), /not a report of proofs: "uid" is not a text/)
})

test('verifyReport() compares listed attempts with their digest, although the report is signed', async () => {
  const { payload, keyId } = await signedReport(threeResults)
  const statement = JSON.parse(payload.toString())
  statement.predicate[evidenceField].proofs[0].attempts[0].answered = 'answered 401'
  const changed = Buffer.from(JSON.stringify(statement))
  await using signer = createMemorySigner()
  const { publicKey } = await signer.evidenceKey(limit)
  const { signature } = await signer.signEvidence(changed, limit)
  const text = formatEnvelope({ payloadType: statementType, payload: changed, signatures: [{ keyid: keyId, sig: signature }] })
  assert.match(verifyReport(text, createPublicKey(publicKey)).problems.join('\n'), /A3 lists other attempts than its digest names/)
})

test('verifyReport() refuses what is no envelope', () => {
  assert.deepEqual(verifyReport('{}', undefined).problems, ['This is not a DSSE envelope: it has no payloadType'])
  assert.match(verifyReport('no', undefined).problems.join('\n'), /^This is not a DSSE envelope: /)
})

test('openssl verifies a report by hand: the encoding, the signature and the key are not only ours', {
  skip: spawnSync('openssl', ['version']).status !== 0 && 'no openssl',
}, async () => {
  const { text, publicKey } = await signedReport(threeResults)
  const { payloadType, payload, signatures } = JSON.parse(text)
  const folder = mkdtempSync(join(tmpdir(), 'evidence-'))
  try {
    const bytes = Buffer.from(payload, 'base64')
    const file = (name: string, content: Buffer | string) => {
      writeFileSync(join(folder, name), content)
      return join(folder, name)
    }
    const openssl = (signed: Buffer) =>
      spawnSync('openssl', [
        ...['pkeyutl', '-verify', '-pubin', '-inkey', file('key.pem', publicKey), '-rawin', '-in', file('signed', signed)],
        ...['-sigfile', file('signature', Buffer.from(signatures[0].sig, 'base64'))],
      ])
    const encoding = Buffer.concat([Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${bytes.length} `), bytes])
    const { status, stdout } = openssl(encoding)
    assert.deepEqual([status, stdout.toString().trim()], [0, 'Signature Verified Successfully'])
    assert.notEqual(openssl(bytes).status, 0)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
