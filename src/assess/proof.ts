// A proof: an attack on the running cluster from outside, the expected refusal, and the result.
import type { KeyObject } from 'node:crypto'
import type { WitnessCall, WitnessReply } from '../api/nodes/witness-call.ts'
import type { Clock } from '../base/clock.ts'
import type { Client } from '../client/client.ts'
import type { HttpTransportOptions } from '../client/transport/http-transport.ts'
import type { Transport } from '../client/transport/transport.ts'
import type { AttemptLog } from './attempt-log.ts'
import type { ClusterKeys } from './cluster-keys.ts'
import type { ProofRun } from './proof-run.ts'
import type { ScratchClusters } from './scratch-clusters.ts'

/** `held: true` requires evidence: a proof that attacked nothing has not held. */
export type Outcome =
  | { readonly held: true; readonly evidence: string }
  /** `tried: false`: the attack was not possible, so nothing is proved. */
  | { readonly held: false; readonly found: readonly string[]; readonly tried?: false }
  | { readonly skipped: true; readonly reason: string }

export interface Proof {
  /** The id of the security goal, such as `A3`. */
  readonly id: string
  /** The title of the goal, as printed. */
  readonly title: string
  /** What an attacker gains where it does not hold. */
  readonly why: string
  /** One sentence: the attack. */
  readonly attack: string
  /** One sentence: the expected result. */
  readonly expected: string
  /** What to do where it does not hold. */
  readonly whenRed: string
  /** It takes much longer than the others, mostly waiting for clusters of its own or for pods: a run starts it first. */
  readonly long?: true
  /**
   * Attacks, and leaves nothing behind. A throw counts as not held, because an attack that failed to run proves nothing. `signal` is its
   * time limit.
   */
  prove(context: ProofContext, signal: AbortSignal): Promise<Outcome>
}

export type Endpoint = Pick<HttpTransportOptions, 'server' | 'ca'>

export interface Part {
  readonly name: string
  readonly pid: number
}

/** The current state of the audit log. */
export interface AuditReading {
  /** Those with a wanted id. */
  readonly events: readonly Readonly<Record<string, unknown>>[]
  /** Number of all events. */
  readonly count: number
  /** Faults of the tree; empty if it is complete. */
  readonly problems: readonly string[]
  /** Of a log with signed checkpoints: how many lines it has up to each wanted id, and up to the newest valid checkpoint. */
  readonly positions?: ReadonlyMap<string, number>
  readonly signedUpTo?: number
}

/** Contents of files for an API server: an AuthenticationConfiguration, and the kubeconfig of a token webhook whose answers are not cached. */
export interface IssuerSettings {
  readonly authentication: object
  readonly tokenWebhook: object
}

/** A cluster of a proof's own, with an administrator's transport. */
export interface StartedCluster extends AsyncDisposable {
  readonly endpoint: Endpoint
  readonly transport: Transport
}

/** A container of a node that no pod owns. It is removed with this, if nothing has removed it before. */
export interface Stray extends AsyncDisposable {
  isGone(signal: AbortSignal): Promise<boolean>
}

/** A node as a witness. */
export interface WitnessOfNode {
  readonly publicKey: KeyObject
  answer(call: WitnessCall): Promise<WitnessReply>
}

/** The machine of the cluster, if the proofs run on it and may look inside. */
export interface ClusterMachine {
  /** The processes of the cluster without their children. */
  readonly parts: readonly Part[]
  /** Undefined if there is none or it cannot be read. */
  readonly dataDirectory?: string
  /** The command `bulkhead` of this build, which starts clusters of a proof's own. */
  readonly command?: readonly string[]
  /** Starts a cluster of a proof's own in this process, where that is possible; `command` is for the others. */
  startWith?(settings: IssuerSettings, signal: AbortSignal): Promise<StartedCluster>
  /** Reads the audit log and verifies its tree and signatures. */
  readAuditLog?(isWanted: (auditId: string) => boolean): Promise<AuditReading>
  /** Public keys of ServiceAccount tokens, SPKI PEM. */
  tokenKeys?(signal: AbortSignal): Promise<readonly string[]>
  /** Runs a container beside the agent of a node of this machine: `uid` is that of a pod that does not exist, or '' for none. */
  runStray?(uid: string, signal: AbortSignal): Promise<Stray>
  /** The same in the sandbox of a pod that runs there: with this name of a container, or without any label for ''. Undefined if the pod is not there. */
  addStray?(pod: { readonly uid: string; readonly container: string }, signal: AbortSignal): Promise<Stray | undefined>
  /** The code by which a node of this build is a witness of audit logs, on a folder of the proof's own. */
  openWitness?(folder: string): Promise<WitnessOfNode>
  /** Private keys, read by the cluster's own user only: they stay in this process, and nothing that lasts is signed with them. */
  keys?(signal: AbortSignal): Promise<ClusterKeys>
}

/** What `bulkhead check` says of one object. */
export interface ManifestVerdict {
  readonly admitted: boolean
  /** The message of the refusal, else ''. */
  readonly message: string
}

/** The cluster that proofs attack. */
export interface ClusterContext {
  readonly endpoint: Endpoint
  /** With an administrator's credentials: prepares attacks and cleans up. */
  readonly transport: Transport
  readonly client: Client
  readonly machine: ClusterMachine
  readonly clock: Clock
  /** `bulkhead check`, offline, on objects of this namespace; absent where it cannot run. */
  checkManifests?(objects: readonly object[], namespace: string, signal: AbortSignal): Promise<readonly ManifestVerdict[]>
}

/** What one proof gets. */
export interface ProofContext extends ClusterContext {
  /** The proof's own. A proof with an attempt that did not hold has not held. */
  readonly attempts: AttemptLog
  /** Labels for whatever must be removed if this run is killed. */
  readonly run: Pick<ProofRun, 'labels'>
  /** For attacks that stop, kill or damage a cluster; undefined where none can be started. */
  readonly clusters?: ScratchClusters
}

const held = (evidence: string): Outcome => ({ held: true, evidence })
export const skipped = (reason: string): Outcome => ({ skipped: true, reason })

/** Not held if anything was found. */
export function outcomeOf(found: readonly string[], evidence: string): Outcome {
  return found.length > 0 ? { held: false, found } : held(evidence)
}
