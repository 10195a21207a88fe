// What a proof is: an attack on the running cluster from outside, the refusal that must come, and what was seen.
import type { Clock } from '../base/clock.ts'
import type { Client } from '../client/client.ts'
import type { HttpTransportOptions } from '../client/http-transport.ts'
import type { Transport } from '../client/transport.ts'

/** `held: true` needs evidence: a proof that attacked nothing has not held. */
export type Outcome =
  | { readonly held: true; readonly evidence: string }
  /** `tried: false`: the attack could not be carried out. What is not tried is not proved. */
  | { readonly held: false; readonly found: readonly string[]; readonly tried?: false }
  | { readonly skipped: true; readonly reason: string }

export interface Proof {
  /** The row of the feature list, such as `A3`. */
  readonly id: string
  /** The row's title, as it is printed. */
  readonly title: string
  /** What an attacker gains where it does not hold. */
  readonly why: string
  /** One sentence: what is tried. */
  readonly attack: string
  /** One sentence: what must happen to it. */
  readonly expected: string
  /** What to do where it does not hold. */
  readonly whenRed: string
  /**
   * Attacks, and leaves nothing behind. A throw counts as not held: what could not be tried is not proved.
   * `signal` ends it when its time is over.
   */
  prove(context: ProofContext, signal: AbortSignal): Promise<Outcome>
}

export type Endpoint = Pick<HttpTransportOptions, 'server' | 'ca'>

export interface Part {
  readonly name: string
  readonly pid: number
}

/** What the audit log holds at the moment. */
export interface AuditReading {
  readonly events: readonly Readonly<Record<string, unknown>>[]
  /** What is wrong with the chain; empty for a whole log. */
  readonly problems: readonly string[]
}

/** The machine that the cluster runs on, where the proofs run on it too and may look inside. */
export interface ClusterMachine {
  /** The processes of the cluster, without their children. */
  readonly parts: readonly Part[]
  /** Undefined where there is none or it may not be read. */
  readonly dataDirectory?: string
  /** Reads the audit log and checks its chain and signatures. */
  readAuditLog?(): Promise<AuditReading>
  /** Public keys of ServiceAccount tokens, SPKI PEM. */
  tokenKeys?(signal: AbortSignal): Promise<readonly string[]>
}

export interface ProofContext {
  readonly endpoint: Endpoint
  /** Of an administrator: prepares the attacks and cleans up. */
  readonly transport: Transport
  readonly client: Client
  readonly machine: ClusterMachine
  readonly clock: Clock
}

const held = (evidence: string): Outcome => ({ held: true, evidence })
export const skipped = (reason: string): Outcome => ({ skipped: true, reason })

/** Not held where anything was found. */
export function outcomeOf(found: readonly string[], evidence: string): Outcome {
  return found.length > 0 ? { held: false, found } : held(evidence)
}
