// Reports of proofs: those of a cluster without a protection must say so, and no report that its signer did not write may be believed.
import { execFile } from 'node:child_process'
import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isJsonObject, parseJson } from '../../../base/json.ts'
import { writeJson } from '../../../base/write-json.ts'
import { inParallel } from '../../in-parallel.ts'
import type { ProofContext } from '../../proof.ts'
import type { ScratchClusters } from '../../scratch-clusters.ts'

/** A protection that is switched off, and the proof that must see it. */
const weakness = { plugin: 'ResourceQuota', proof: 'C7' }
const notAuthentic = 1
const authenticButFailed = 3
const evidence = 'https://bulkhead.dev/evidence/v1'

type Fields = Record<string, unknown>

interface Report {
  readonly payloadType: string
  readonly payload: Buffer
  readonly keyid: string
}

interface Forgery {
  readonly name: string
  readonly envelope: string
}

export async function attackReports({ attempts }: ProofContext, clusters: ScratchClusters, signal: AbortSignal): Promise<void> {
  await using scratch = await clusters.open(signal)
  await scratch.serve(['--insecure-disable-admission-plugins', weakness.plugin], signal)
  const bulkhead = (...args: string[]) => exitCode([...clusters.command, ...args, '--data-dir', scratch.directory], signal)
  const path = `${scratch.directory}.report`
  const code = await bulkhead('prove', weakness.proof, '--report', path)
  attempts.record({
    ...{ name: `proof ${weakness.proof} of a cluster without ${weakness.plugin}`, sent: 'bulkhead prove' },
    ...{ expected: 'exit code 1', answered: `exit code ${code}`, held: code === 1 },
  })
  const verified = await bulkhead('evidence', 'verify', path)
  attempts.record({
    ...{ name: 'report of a proof that failed', sent: 'bulkhead evidence verify' },
    expected: `exit code ${authenticButFailed}: authentic, but a proof failed`,
    ...{ answered: `exit code ${verified}`, held: verified === authenticButFailed },
  })
  const key = createPrivateKey(await readFile(join(scratch.directory, 'signer', 'evidence.key')))
  await inParallel(forgeriesOf(parse(await readFile(path, 'utf8')), key), async ({ name, envelope }) => {
    const forged = `${path}.${name.replaceAll(/[^a-z]/g, '-')}`
    await writeFile(forged, envelope)
    const answered = await bulkhead('evidence', 'verify', forged)
    attempts.record({
      ...{ name: `report ${name}`, sent: 'bulkhead evidence verify', expected: `exit code ${notAuthentic}: not authentic` },
      ...{ answered: `exit code ${answered}`, held: answered === notAuthentic },
    })
  })
}

function forgeriesOf({ payloadType, payload, keyid }: Report, own: KeyObject): readonly Forgery[] {
  const { privateKey: foreign } = generateKeyPairSync('ed25519')
  const signed = (by: KeyObject, bytes: Buffer, type = payloadType): string => {
    const encoded = Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength(type)} ${type} ${bytes.length} `), bytes])
    return enveloped(type, bytes, [{ keyid, sig: sign(null, encoded, by).toString('base64') }])
  }
  const honest = sign(null, Buffer.concat([Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} `), payload]), own)
  const passed = changed(payload, (predicate, proof) => {
    Object.assign(predicate, { result: 'PASSED', passedTests: [proof['id']], failedTests: [] })
    Object.assign(proof, { verdict: 'PASS', evidence: 'forged', found: undefined, attempts: [], attemptCount: 0 })
  })
  return [
    { name: 'that another key signed in the name of the cluster', envelope: signed(foreign, payload) },
    { name: 'that nobody signed', envelope: enveloped(payloadType, payload, []) },
    { name: 'that was changed after it was signed', envelope: enveloped(payloadType, passed, [{ keyid, sig: honest.toString('base64') }]) },
    { name: 'of another type, although the cluster signed it', envelope: signed(own, payload, 'application/json') },
    {
      name: 'whose result is better than its proofs',
      envelope: signed(
        own,
        changed(payload, predicate => Object.assign(predicate, { result: 'PASSED' })),
      ),
    },
    {
      name: 'whose lists hide a proof that failed',
      envelope: signed(
        own,
        changed(payload, predicate => Object.assign(predicate, { failedTests: [], result: 'PASSED' })),
      ),
    },
    {
      name: 'of a proof that held although an attempt did not',
      envelope: signed(
        own,
        changed(payload, (predicate, proof) => {
          Object.assign(predicate, { result: 'PASSED', passedTests: [proof['id']], failedTests: [] })
          Object.assign(proof, { verdict: 'PASS', evidence: 'forged', found: undefined })
        }),
      ),
    },
    {
      name: 'whose attempts were changed',
      envelope: signed(
        own,
        changed(payload, (_predicate, proof) => {
          const [first] = proof['attempts'] as Fields[]
          Object.assign(first ?? {}, { answered: 'forged' })
        }),
      ),
    },
  ]
}

const enveloped = (payloadType: string, payload: Buffer, signatures: readonly object[]): string =>
  writeJson({ payloadType, payload: payload.toString('base64'), signatures })

/** A copy in which the predicate and its only proof are changed. */
function changed(payload: Buffer, change: (predicate: Fields, proof: Fields) => void): Buffer {
  const statement = parseJson(payload.toString('utf8')) as Fields
  const predicate = statement['predicate'] as Fields
  const details = predicate[evidence] as Fields
  change(predicate, (details['proofs'] as Fields[])[0] as Fields)
  return Buffer.from(writeJson(statement))
}

function parse(text: string): Report {
  const envelope = parseJson(text)
  const { payloadType, payload, signatures } = isJsonObject(envelope) ? envelope : {}
  const [signature] = Array.isArray(signatures) ? signatures : []
  if (typeof payloadType !== 'string' || typeof payload !== 'string' || !isJsonObject(signature))
    throw new Error('the report is not signed')
  return { payloadType, payload: Buffer.from(payload, 'base64'), keyid: String(signature['keyid']) }
}

function exitCode([program = '', ...args]: readonly string[], signal: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { signal, maxBuffer: 64 << 20 }, err => {
      if (signal.aborted) reject(signal.reason)
      else if (err !== null && typeof err.code !== 'number') reject(err)
      else resolve(child.exitCode ?? 0)
    })
  })
}
