// Looks for newer images of what runs and has known vulnerabilities: the same tag, which may have moved, and newer tags of the same variant. Few candidates
// are read, in turn between namespaces; what is proposed stands in the Image object.
import { parseImageReference } from '../../api/image-reference.ts'
import type { ImageUpdate } from '../../api/types/supply-v1.ts'
import { type Clock, formatTime, pause } from '../../base/clock.ts'
import { BoundedCache } from '../../base/data/bounded-cache.ts'
import type { Logger } from '../../base/log.ts'
import { messageOf, UserError } from '../../base/user-error.ts'
import { candidateTags, proposeUpdate, type ScannedTag } from '../../supply-chain/advisories/propose-updates.ts'
import { type Digest, isDigest } from '../../supply-chain/oci/digest.ts'
import type { PullCredential } from '../../supply-chain/policy/image-question.ts'
import { repositoryOf } from '../../supply-chain/policy/repository-of.ts'
import { fingerprintOf } from '../credentials-for.ts'
import type { SoftwareSighting } from '../image-record.ts'
import type { Registries } from '../image-verifier.ts'
import { KeptResults } from '../kept-results.ts'
import { NamespaceTurns, TooManyWaiting } from '../namespace-turns.ts'
import type { Findings } from './findings.ts'
import type { ImageScans } from './image-scans.ts'
import type { RecentCredentials } from './recent-credentials.ts'

export interface RunningReference {
  readonly namespace: string
  /** As it stands in the pod. */
  readonly image: string
  readonly digest: Digest
}

interface Candidate {
  readonly namespace: string
  readonly repository: string
  readonly tag: string
  readonly credentials: readonly PullCredential[]
}

export interface UpdateProposalsParts {
  readonly registries: Registries
  readonly findings: Findings
  readonly scans: ImageScans
  readonly credentials: Pick<RecentCredentials, 'of'>
  readonly clock: Clock
  readonly log: Logger
  running(): readonly RunningReference[]
  note(digest: Digest, software: SoftwareSighting): void
}

/** How often newer images of one that runs are looked for. */
export const proposeMs = 6 * 3_600_000
const lookMs = 10_000
/** For one image: its tags, and the candidates. */
const oneMs = 10 * 60_000
const maxKept = 20_000
const maxIds = 50
const turns = { running: 3, ownRunning: 1, waiting: 2000, ownWaiting: 100 }

export class UpdateProposals {
  readonly #parts: UpdateProposalsParts
  readonly #turns = new NamespaceTurns(turns)
  /** What was looked at, or is waiting to be. */
  readonly #seen: KeptResults<true>
  /** How often the findings of an image have changed since the part started. */
  readonly #changes = new BoundedCache<number>(maxKept)

  constructor(parts: UpdateProposalsParts) {
    this.#parts = parts
    this.#seen = new KeptResults({ entries: maxKept }, parts.clock)
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts
    while (!signal.aborted) {
      this.look(signal)
      await pause(clock, lookMs, signal)
    }
  }

  /** Other findings may make another image the better one: it is looked for again. */
  findingsChanged(digest: Digest): void {
    this.#changes.set(digest, (this.#changes.get(digest) ?? 0) + 1)
  }

  /** Starts what is due, and returns at once. */
  look(signal: AbortSignal): void {
    const { running, scans, log, credentials } = this.#parts
    for (const one of running()) {
      const { namespace, image, digest } = one
      // With another credential there may be more to see.
      const known = fingerprintOf(credentials.of(namespace, repositoryOf(image) ?? ''))
      const key = `${namespace}\n${image}\n${digest}\n${known}\n${this.#changes.get(digest) ?? 0}`
      if (!scans.has(digest) || this.#seen.get(key, proposeMs) === true) continue
      this.#seen.set(key, true)
      const late = AbortSignal.any([signal, AbortSignal.timeout(oneMs)])
      this.#turns
        .run(namespace, () => this.#propose(one, late), signal)
        .catch((err: unknown) => {
          if (signal.aborted || err instanceof TooManyWaiting) return
          log.debug('no update is proposed', { namespace, image, err: messageOf(err) })
        })
    }
  }

  async #propose({ namespace, image, digest }: RunningReference, signal: AbortSignal): Promise<void> {
    const { findings, registries, clock, note, credentials: recent } = this.#parts
    const { tag } = parseImageReference(image) ?? {}
    const repository = repositoryOf(image)
    if (tag === undefined || repository === undefined || registries.tags === undefined) return
    const answer = await findings.findingsOf(digest, signal)
    if (!answer.known) return
    const reference = image.split('@', 1)[0] ?? image
    const current: ScannedTag = { tag, digest, findings: answer.findings }
    const candidates: ScannedTag[] = []
    const credentials = recent.of(namespace, repository)
    if (answer.findings.length > 0)
      for (const name of candidateTags(tag, await registries.tags(repository, credentials, signal))) {
        const found = await this.#scanned({ namespace, repository, tag: name, credentials }, signal)
        if (found !== undefined) candidates.push(found)
      }
    const proposal = proposeUpdate(current, candidates)
    const update: ImageUpdate | 'none' =
      proposal === undefined
        ? 'none'
        : {
            reference,
            image: `${repository}:${proposal.to.tag}@${proposal.to.digest}`,
            ...(proposal.fixed.length === 0 ? {} : { fixed: proposal.fixed.slice(0, maxIds) }),
            ...(proposal.added.length === 0 ? {} : { added: proposal.added.slice(0, maxIds) }),
            remaining: proposal.remaining,
            time: formatTime(clock.now()),
          }
    note(digest, { updates: new Map([[reference, update]]) })
  }

  /** Undefined for a tag that is gone, or an image that cannot be read. */
  async #scanned({ namespace, repository, tag, credentials }: Candidate, signal: AbortSignal): Promise<ScannedTag | undefined> {
    const { registries, scans, findings } = this.#parts
    try {
      const manifest = await registries.open(repository, credentials).manifest(tag, signal)
      const digest = manifest?.descriptor.digest
      if (digest === undefined || !isDigest(digest)) return undefined
      if (!scans.has(digest)) await scans.read({ namespace, image: `${repository}:${tag}@${digest}`, digest, credentials }, signal)
      const answer = await findings.findingsOf(digest, signal)
      return answer.known ? { tag, digest, findings: answer.findings } : undefined
    } catch (err) {
      signal.throwIfAborted()
      if (err instanceof UserError) return undefined
      throw err
    }
  }
}
