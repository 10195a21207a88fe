// Writes the report of a run: facts and signer are found before the run, so that a run of minutes does not end without its report.
import { createHash } from 'node:crypto'
import { resolve } from 'node:path'
import { formatStatement } from '../../assess/evidence/report.ts'
import type { Proof } from '../../assess/proof.ts'
import { proofs } from '../../assess/proofs/index.ts'
import type { ProofResult } from '../../assess/run-proofs.ts'
import { formatEnvelope, statementType } from '../../base/dsse.ts'
import { replaceFile } from '../../base/files/replace-file.ts'
import { messageOf, UserError } from '../../base/user-error.ts'
import type { Client } from '../../client/client.ts'
import { clusterFacts, type ReportedCluster } from './report-facts.ts'
import { clusterSigner, keyFileSigner, type ReportSigner } from './sign-report.ts'

export interface ReportWriter extends AsyncDisposable {
  write(results: readonly ProofResult[]): Promise<WrittenReport>
}

export interface WrittenReport {
  /** For the user. */
  readonly line: string
  /** SHA-256 of the file in hexadecimal. */
  readonly digest: string
}

export interface ReportWriterOptions {
  readonly path: string
  /** File with a private key; without it the signer of the cluster signs, if it runs here. */
  readonly key: string | undefined
  readonly signerSocket: string | undefined
  readonly cluster: ReportedCluster
  readonly chosen: readonly Proof[]
  readonly client: Client
  readonly now: () => number
  readonly signal: AbortSignal
}

export async function openReportWriter(options: ReportWriterOptions): Promise<ReportWriter> {
  const { path, key, signerSocket, cluster, chosen, client, now, signal } = options
  const signer = key === undefined ? await clusterSigner(signerSocket, signal) : keyFileSigner(key)
  const before = await clusterFacts(client, cluster, signal)
  const started = new Date(now()).toISOString()
  const notRun = proofs.filter(proof => !chosen.includes(proof)).map(({ id }) => id)
  return {
    async write(results) {
      const { build, configuration } = await clusterFacts(client, cluster, signal)
      if (build !== before.build || configuration !== before.configuration)
        throw new UserError(
          'The build or the configuration of the server changed during the run, so there is no report: run the proofs again',
        )
      const finished = new Date(now()).toISOString()
      const statement = formatStatement({ ...before, started, finished, keyId: signer.keyId, notRun }, results)
      const text = await enveloped(statement, signer, signal)
      await writeFile(path, text)
      const line = `Report: ${resolve(path)}, ${signer.keyId === undefined ? unsigned : `signed by key ${signer.keyId}`}`
      return { line, digest: createHash('sha256').update(text).digest('hex') }
    },
    [Symbol.asyncDispose]: () => signer[Symbol.asyncDispose](),
  }
}

const unsigned =
  'NOT SIGNED: the signer of the cluster is not on this machine or not reachable for this user; give --key FILE to sign with a key of your own'

async function enveloped(statement: Buffer, { keyId, sign }: ReportSigner, signal: AbortSignal): Promise<string> {
  const sig = await sign(statement, signal)
  const signatures = keyId === undefined || sig === undefined ? [] : [{ keyid: keyId, sig }]
  return formatEnvelope({ payloadType: statementType, payload: statement, signatures })
}

async function writeFile(path: string, content: string): Promise<void> {
  try {
    await replaceFile(path, content, 0o644)
  } catch (err) {
    throw new UserError(`Cannot write the report "${path}": ${messageOf(err)}`, { cause: err })
  }
}
