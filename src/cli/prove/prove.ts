// `bulkhead prove`: attacks the running cluster and reports which controls held.
import { basename, dirname, resolve } from 'node:path'
import { endExceptions } from '../../assess/compensation.ts'
import { verdictOf } from '../../assess/evidence/verdict.ts'
import type { Proof } from '../../assess/proof.ts'
import { proofs } from '../../assess/proofs/index.ts'
import { RightsRecorder } from '../../assess/rights/proof-role.ts'
import { type ProofResult, runProofs } from '../../assess/run-proofs.ts'
import { systemClock } from '../../base/clock.ts'
import { proofAgent } from '../../base/proof-agent.ts'
import { codeOf, UserError } from '../../base/user-error.ts'
import { Client } from '../../client/client.ts'
import { clusterMachine, findDataDirectory, findUp } from '../connection/find-cluster.ts'
import { findKubeconfig } from '../connection/find-kubeconfig.ts'
import { reachCluster } from '../connection/reach-cluster.ts'
import { printable } from '../terminal/printable.ts'
import { adminKubeconfigName } from '../up/data-directory.ts'
import { checkManifests } from './check-manifests.ts'
import { endedLine, resultLine, resultsJson, summaryLine } from './format.ts'
import { keepResults } from './keep-results.ts'
import { intervalOf, lowerPriority, repeat } from './schedule.ts'
import { openReportWriter } from './write-report.ts'
import { writeRoles } from './write-roles.ts'

export interface ProveFlags {
  readonly dataDir?: string
  readonly kubeconfig?: string
  readonly output?: 'text' | 'json'
  /** File for the report. */
  readonly report?: string
  /** File with the private key that signs the report. */
  readonly key?: string
  /** File for the ClusterRoles of the run and its proofs. */
  readonly roles?: string
  /** A skipped proof counts as failed. */
  readonly strict?: boolean
  /** Runs again after this time, until it is stopped. */
  readonly schedule?: string
}

export interface Terminal {
  print(text: string): void
  readonly color: boolean
}

const reachMs = 20_000

/** Returns the exit code of `exitCode()`, and 0 for a schedule that was stopped. `ids` selects proofs; an empty list selects all. */
export async function prove(flags: ProveFlags, ids: readonly string[], terminal: Terminal, signal: AbortSignal): Promise<number> {
  if (flags.schedule === undefined) return await proveOnce(flags, ids, terminal, signal)
  const intervalMs = intervalOf(flags.schedule)
  // Wrong ids end it at once; a cluster that does not answer may come back.
  chooseProofs(ids)
  lowerPriority()
  const print = (text: string) => terminal.print(printable(text))
  await repeat({ intervalMs, clock: systemClock, random: Math.random, print, run: until => proveOnce(flags, ids, terminal, until) }, signal)
  return 0
}

async function proveOnce(flags: ProveFlags, ids: readonly string[], terminal: Terminal, signal: AbortSignal): Promise<number> {
  const chosen = chooseProofs(ids)
  if (flags.key !== undefined && flags.report === undefined) throw new UserError('--key signs a report: give --report FILE too')
  const found = await findKubeconfig(flags)
  const directory = findDataDirectory(flags.dataDir ?? directoryOf(found.path))
  const { server, ca } = found.config
  // Proofs about processes are skipped if this user may not list them.
  const up = await findUp(directory).catch((err: unknown) => {
    if (codeOf(err) === 'EACCES') return undefined
    throw err
  })
  const isLocal = up !== undefined && up.server === server
  await using transport = reachCluster(found, proofAgent)
  const recorder = new RightsRecorder(transport)
  const client = new Client(recorder)
  await requireBulkhead(client, server, signal)
  const context = {
    ...{ endpoint: { server, ca }, transport, client, clock: systemClock },
    // With the kubeconfig of another cluster, the local processes are not the ones to prove.
    machine: clusterMachine(directory, isLocal ? up : undefined),
    checkManifests,
  }
  await using report =
    flags.report === undefined
      ? undefined
      : await openReportWriter({
          ...{ path: flags.report, key: flags.key, signerSocket: isLocal ? directory.signerSockets.admin : undefined },
          ...{ cluster: { server, ca, isLocal }, chosen, client, now: systemClock.now, signal },
        })
  const text = flags.output !== 'json'
  const onResult = text ? { onResult: (result: ProofResult) => terminal.print(resultLine(result, terminal.color)) } : {}
  // A schedule has time: its load must not be felt.
  const concurrency = flags.schedule === undefined ? {} : { concurrency: 1 }
  const results = await runProofs(chosen, context, { ...concurrency, ...onResult }, signal)
  const ended = results.some(result => verdictOf(result) === 'FAIL')
    ? await endExceptions(context.client, results, systemClock.now(), AbortSignal.any([signal, AbortSignal.timeout(reachMs)]))
    : []
  if (text) for (const exception of ended) terminal.print(endedLine(exception))
  terminal.print(text ? summaryLine(results) : resultsJson(server, results, ended))
  const written = await report?.write(results)
  const unkept = await keepResults(client, results, written?.digest, AbortSignal.any([signal, AbortSignal.timeout(reachMs)]))
  const roles = flags.roles === undefined ? undefined : await writeRoles(flags.roles, results, recorder.rights)
  // Beside JSON there is no place for sentences: the report itself says who signed it.
  if (text) for (const line of [written?.line, roles, unkept]) if (line !== undefined) terminal.print(printable(line))
  return exitCode(results, flags.strict === true)
}

/** 0 if all held, 1 if a proof failed, 3 if no proof failed but one was skipped. With `strict` a skipped proof is a failed one. */
export function exitCode(results: readonly ProofResult[], strict: boolean): number {
  const verdicts = new Set(results.map(verdictOf))
  if (verdicts.has('FAIL')) return 1
  if (!verdicts.has('SKIP')) return 0
  return strict ? 1 : 3
}

/** By id, ignoring case; `S5` and `A9` both name the proof S5/A9. */
export function chooseProofs(ids: readonly string[]): readonly Proof[] {
  if (ids.length === 0) return proofs
  const names = ({ id }: Proof) => [id, ...id.split('/')]
  const unknown = ids.find(id => !proofs.some(proof => names(proof).includes(id.toUpperCase())))
  if (unknown !== undefined) throw new UserError(`There is no proof "${unknown}": ids are ${proofs.map(({ id }) => id).join(', ')}`)
  return proofs.filter(proof => ids.some(id => names(proof).includes(id.toUpperCase())))
}

/** The administrator's kubeconfig is in the data directory, wherever that is. */
export const directoryOf = (kubeconfig: string): string | undefined =>
  basename(kubeconfig) === adminKubeconfigName ? dirname(resolve(kubeconfig)) : undefined

/** Attacks must only hit clusters that are meant to be attacked: a kubeconfig that happens to be set may belong to another one. */
export async function requireBulkhead(client: Client, server: string, signal: AbortSignal): Promise<void> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(reachMs)])
  const { gitVersion } = await client.getPath<{ gitVersion: string }>('/version', limit)
  if (!gitVersion.endsWith('+bulkhead'))
    throw new UserError(
      `The server ${server} is Kubernetes ${gitVersion}, but proofs attack only Bulkhead: name a cluster with --kubeconfig or --data-dir`,
    )
}
