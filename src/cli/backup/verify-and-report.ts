// Verifies a backup in the cluster that made it, signs the report, stores it beside the backup, and records the result of proof T4.
import { createHash, type KeyObject } from 'node:crypto'
import { hostname, release } from 'node:os'
import { recordResults } from '../../assess/evidence/record-results.ts'
import { formatStatement, type ReportFacts } from '../../assess/evidence/report.ts'
import { restoredBackups } from '../../assess/proofs/t4-restored-backups.ts'
import type { ProofResult } from '../../assess/run-proofs.ts'
import { BackupFault } from '../../backup/backup-fault.ts'
import type { BackupTarget } from '../../backup/backup-settings.ts'
import { readChain } from '../../backup/chain.ts'
import { planRestore } from '../../backup/restore-plan.ts'
import type { VerificationOutcome } from '../../backup/run-backups.ts'
import type { MadeBackup } from '../../backup/target-backups.ts'
import { reportName, type Target } from '../../backup/targets/target.ts'
import type { Clock } from '../../base/clock.ts'
import { formatEnvelope, statementType } from '../../base/dsse.ts'
import { UserError } from '../../base/user-error.ts'
import type { Client } from '../../client/client.ts'
import { namespaces } from '../../client/resources.ts'
import type { Signer } from '../../signer/signer.ts'
import { bulkheadVersion } from '../terminal/version.ts'
import { problemsOf, verifyBackup } from './verify-backup.ts'

export interface VerifyAndReportOptions {
  readonly target: BackupTarget
  readonly made: MadeBackup
  readonly key: KeyObject
  readonly signer: Pick<Signer, 'backupHead' | 'evidenceKey' | 'signEvidence'>
  readonly client: Client
  readonly ca: string
  readonly server: string
  readonly scratch: string
  readonly clock: Clock
}

interface Tried {
  readonly problems: readonly string[]
  readonly evidence: string
}

/** Rejects only if there is no report, such as when the API server does not answer. */
export async function verifyAndReport(options: VerifyAndReportOptions, signal: AbortSignal): Promise<VerificationOutcome> {
  const { target, made, signer, client, clock } = options
  const started = new Date(clock.now()).toISOString()
  const began = clock.monotonic()
  await using opened = await target.open(signal)
  const { problems, evidence } = await tried(opened, options, signal)
  const { id, title, attack, expected } = restoredBackups
  const attempt = {
    name: `restore backup ${made.link.number} of target ${target.name}`,
    sent: `revision ${made.link.content.revision} into a shadow server`,
    expected: `${made.link.content.objects} objects as the API server had them`,
    answered: problems[0] ?? evidence,
    held: problems.length === 0,
  }
  const result: ProofResult = {
    ...{ id, title, attack, expected, started, milliseconds: clock.monotonic() - began, attempts: [attempt], rights: [] },
    why: restoredBackups.why,
    whenRed: restoredBackups.whenRed,
    outcome: problems.length === 0 ? { held: true, evidence } : { held: false, found: problems },
  }
  const { build, configuration } = await client.getPath<{ build: string; configuration: string }>('/bulkhead/v1/build', signal)
  const { keyId } = await signer.evidenceKey(signal)
  const facts = await factsOf(options, { build, configuration, started, keyId }, signal)
  const statement = formatStatement(facts, [result])
  const { signature } = await signer.signEvidence(statement, signal)
  const report = formatEnvelope({ payloadType: statementType, payload: statement, signatures: [{ keyid: keyId, sig: signature }] })
  await opened.put(reportName(made.link.number), Buffer.from(report), signal)
  const digest = createHash('sha256').update(report).digest('hex')
  await recordResults(client, [result], { build, configuration, report: digest }, signal)
  return { problems, report: digest }
}

async function tried(opened: Target, { target, made, key, signer, scratch }: VerifyAndReportOptions, signal: AbortSignal): Promise<Tried> {
  try {
    const chain = await readChain(opened, { key, head: await signer.backupHead(target.name, signal) }, signal)
    const plan = planRestore(chain, { backup: made.link.number })
    const result = await verifyBackup(
      { target: opened, plan: { ...plan, newest: made.link }, identities: [made.identity], scratch },
      signal,
    )
    const evidence = `${result.compared} objects compared, ${result.packs} packs of ${result.bytes} bytes read; ${result.checks.map(({ name }) => name).join('; ')}`
    return { problems: problemsOf(result, made.link.content.objects || undefined), evidence }
  } catch (err) {
    if (err instanceof BackupFault || (err instanceof UserError && !signal.aborted)) return { problems: [err.message], evidence: '' }
    throw err
  }
}

async function factsOf(
  { client, ca, server, clock }: VerifyAndReportOptions,
  facts: Pick<ReportFacts, 'build' | 'configuration' | 'started' | 'keyId'>,
  signal: AbortSignal,
): Promise<ReportFacts> {
  const { metadata } = await client.get(namespaces, '', 'kube-system', signal)
  return {
    ...facts,
    bulkhead: bulkheadVersion,
    cluster: { uid: metadata.uid ?? '', server, authority: createHash('sha256').update(ca).digest('hex') },
    by: { user: 'system:serviceaccount:kube-system:backup', machineUser: String(process.getuid?.() ?? '') },
    host: { name: hostname(), kernel: release(), architecture: process.arch, node: process.version, isOfCluster: true },
    nodes: [],
    finished: new Date(clock.now()).toISOString(),
    notRun: [],
  }
}
