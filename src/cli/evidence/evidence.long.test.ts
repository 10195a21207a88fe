import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { resultOf, signedReport, threeResults } from '../../assess/evidence/report.testing.ts'
import { startCluster } from '../../cluster/tests/bootstrapped.testing.ts'
import { prove } from '../prove/prove.ts'
import { evidenceKey, exportEvidence, type VerifyFlags, verifyEvidence } from './evidence.ts'

const folder = mkdtempSync(join(tmpdir(), 'evidence-cli-'))
after(() => rmSync(folder, { recursive: true }))

let files = 0
function file(content: string): string {
  const path = join(folder, `${files++}`)
  writeFileSync(path, content)
  return path
}

function verify(flags: VerifyFlags, report: string): { code: number; text: string } {
  const lines: string[] = []
  const code = verifyEvidence(flags, report, text => lines.push(text))
  return { code, text: lines.join('\n') }
}

const held = [resultOf('A3', { held: true, evidence: 'all refused' })]

test('evidence verify says what was run, and ends with 0, 3 or 1', async () => {
  const whole = await signedReport(held)
  assert.deepEqual(verify({ key: file(whole.publicKey) }, file(whole.text)).code, 0)
  const red = await signedReport(threeResults, { notRun: ['N1'] })
  const { code, text } = verify({ key: file(red.publicKey) }, file(red.text))
  assert.equal(code, 3)
  assert.match(text, new RegExp(`^AUTHENTIC: signed by key ${red.keyId}$`, 'm'))
  assert.match(text, /^result: FAILED: 1 held, 1 failed, 1 skipped of 3 proofs$/m)
  assert.match(text, /^attempts: 3, 3 of them listed$/m)
  assert.match(text, /^failed: C3\nskipped, so nothing is proved about them: C4\nnot run: N1$/m)
  const partial = await signedReport(held, { notRun: ['N1'] })
  assert.equal(verify({ key: file(partial.publicKey) }, file(partial.text)).code, 3)
  const forged = verify({ key: file(whole.publicKey) }, file(red.text))
  assert.equal(forged.code, 1)
  assert.match(forged.text, /^NOT AUTHENTIC: do not rely on what follows\n {2}The report is signed by \S+, and not by the given key/)
  assert.equal(JSON.parse(verify({ key: file(whole.publicKey), output: 'json' }, file(red.text)).text).authentic, false)
})

test('evidence verify takes the key of a data directory, which evidence key prints', async () => {
  const { text, publicKey } = await signedReport(held)
  const dataDir = join(folder, 'data')
  mkdirSync(dataDir)
  assert.throws(() => evidenceKey({ dataDir }, () => undefined), { name: 'UserError', message: /start the cluster once/ })
  writeFileSync(join(dataDir, 'evidence.pub'), publicKey)
  const lines: string[] = []
  evidenceKey({ dataDir }, line => lines.push(line))
  assert.equal(`${lines.join('\n')}\n`, publicKey)
  assert.equal(verify({ dataDir }, file(text)).code, 0)
  assert.throws(() => verify({ dataDir, key: 'x' }, file(text)), { name: 'UserError', message: /either --key or --data-dir/ })
})

test('evidence verify refuses keys and files that are none, in one sentence', async () => {
  const { text } = await signedReport(held)
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ type: 'spki', format: 'pem' }).toString()
  assert.throws(() => verify({ key: file(rsa) }, file(text)), { name: 'UserError', message: /type "rsa", and must be Ed25519 or EC$/ })
  assert.throws(() => verify({ key: file('x') }, file(text)), { name: 'UserError', message: /no PEM public key/ })
  assert.throws(() => verify({}, join(folder, 'none')), { name: 'UserError', message: /does not exist/ })
})

describe('evidence export', () => {
  function exported(format: 'oscal' | 'sarif', report: string, key: string) {
    const lines: string[] = []
    exportEvidence({ format, key: file(key) }, file(report), line => lines.push(line))
    return JSON.parse(lines.join('\n'))
  }

  test('gives OSCAL assessment results with an observation and a finding for each proof', async () => {
    const { text, publicKey, keyId } = await signedReport(threeResults)
    const { 'assessment-results': results } = exported('oscal', text, publicKey)
    assert.equal(results.metadata['oscal-version'], '1.1.2')
    assert.equal(results.metadata.props[0].value, keyId)
    const [{ findings, observations }] = results.results
    assert.deepEqual(
      findings.map((finding: { target: { status: object } }) => finding.target.status),
      [
        { state: 'satisfied', reason: 'pass' },
        { state: 'not-satisfied', reason: 'fail' },
        { state: 'not-satisfied', reason: 'other' },
      ],
    )
    assert.equal(observations[0]['relevant-evidence'].length, 3)
    const uuids = [results.uuid, ...[...findings, ...observations].map(({ uuid }: { uuid: string }) => uuid)]
    // The form that OSCAL's schema requires.
    for (const uuid of uuids) assert.match(uuid, /^[0-9a-f]{8}-[0-9a-f]{4}-[45][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    assert.equal(new Set(uuids).size, uuids.length)
    for (const {
      'related-observations': [related],
    } of findings)
      assert.ok(uuids.includes(related['observation-uuid']))
  })

  test('gives SARIF with a result for each proof', async () => {
    const { text, publicKey } = await signedReport(threeResults)
    const [run] = exported('sarif', text, publicKey).runs
    assert.deepEqual(
      run.results.map(({ ruleId, kind, level }: Record<string, string>) => [ruleId, kind, level]),
      [
        ['A3', 'pass', 'none'],
        ['C3', 'fail', 'error'],
        ['C4', 'open', 'none'],
      ],
    )
    for (const { ruleId, ruleIndex } of run.results) assert.equal(run.tool.driver.rules[ruleIndex].id, ruleId)
  })

  test('refuses a report that is not authentic', async () => {
    const { text } = await signedReport(threeResults)
    const { publicKey } = await signedReport(threeResults)
    assert.throws(() => exported('oscal', text, publicKey), { name: 'UserError', message: /Cannot export .*not by the given key/ })
  })
})

test('prove --report writes a report that names cluster, build and user: signed with --key, and not signed without a signer', async () => {
  await using cluster = await startCluster({ simulatedNodes: 0 })
  const kubeconfig = file(await cluster.kubeconfig())
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const key = file(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
  const pub = file(publicKey.export({ type: 'spki', format: 'pem' }).toString())
  const report = join(folder, 'report.json')
  const run = async (flags: object) => {
    const lines: string[] = []
    const terminal = { print: (text: string) => lines.push(text), color: false }
    await prove({ dataDir: folder, kubeconfig, report, ...flags }, ['C8'], terminal, AbortSignal.timeout(60_000))
    return lines.at(-1)
  }
  assert.match((await run({})) ?? '', /^Report: .*report\.json, NOT SIGNED: /)
  const unsigned = verify({ key: pub }, report)
  assert.equal(unsigned.code, 1)
  assert.match(unsigned.text, /The report is not signed: anybody may have written it/)
  assert.match((await run({ key })) ?? '', /^Report: .*report\.json, signed by key \S{43}$/)
  const { code, text } = verify({ key: pub, output: 'json' }, report)
  assert.equal(code, 3)
  const { build, configuration, cluster: shown, by, proofs, notRun } = JSON.parse(text)
  for (const digest of [build, configuration, shown.authority]) assert.match(digest, /^[0-9a-f]{64}$/)
  assert.match(shown.uid, /^[0-9a-f-]{36}$/)
  assert.equal(by.user, 'bulkhead-admin')
  assert.deepEqual([proofs.length, notRun.includes('A3'), notRun.includes('C8')], [1, true, false])
  assert.equal(JSON.parse(readFileSync(report, 'utf8')).payloadType, 'application/vnd.in-toto+json')
  await assert.rejects(run({ report: undefined, key }), { name: 'UserError', message: /give --report FILE too/ })
})

test('the configuration digest changes with a setting that decides what is enforced', async () => {
  const digestOf = async (options: Parameters<typeof startCluster>[0]) => {
    await using cluster = await startCluster({ simulatedNodes: 0, controllers: false, ...options })
    return await cluster.client.getPath<{ build: string; configuration: string }>('/bulkhead/v1/build', AbortSignal.timeout(60_000))
  }
  const [secure, again, upstream] = [await digestOf({}), await digestOf({}), await digestOf({ profile: 'upstream' })]
  assert.deepEqual(again, secure)
  assert.equal(upstream.build, secure.build)
  assert.notEqual(upstream.configuration, secure.configuration)
})
