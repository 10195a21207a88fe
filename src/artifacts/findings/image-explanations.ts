// What signers said of the images that run: asked for once for all pods with the same name of an image under the same rules, and not for each pod.
import type { Clock } from '../../base/clock.ts'
import { parseJson } from '../../base/json.ts'
import type { Logger } from '../../base/log.ts'
import { messageOf } from '../../base/user-error.ts'
import { documentVersion } from '../../supply-chain/advisories/vex/document-version.ts'
import type { Digest } from '../../supply-chain/oci/digest.ts'
import type { Provenance } from '../../supply-chain/policy/attested-provenance.ts'
import type { PullCredential } from '../../supply-chain/policy/image-question.ts'
import { repositoryOf } from '../../supply-chain/policy/repository-of.ts'
import { fingerprintOf } from '../credentials-for.ts'
import type { AttestedDocuments } from '../image-evaluator.ts'
import type { SoftwareSighting } from '../image-record.ts'
import { KeptResults } from '../kept-results.ts'
import { AttestedByName } from './attested-by-name.ts'
import type { Findings } from './findings.ts'
import type { ImageReport } from './image-report.ts'
import type { RecentCredentials } from './recent-credentials.ts'
import { shortened, type VersionMemory } from './version-memory.ts'

export interface ExplanationRequest {
  readonly namespace: string
  /** As it stands in the pod. */
  readonly image: string
  readonly digest: Digest
  readonly credentials: readonly PullCredential[]
  /** Other documents may count when they change: see `PolicyState.rulesOf`. */
  readonly rules?: string
  /** What somebody attested of it whom a policy of the cluster requires. */
  documents?(credentials: readonly PullCredential[]): Promise<AttestedDocuments>
}

export interface ImageExplanationsParts {
  readonly findings: Pick<Findings, 'explain'>
  readonly credentials: Pick<RecentCredentials, 'of'>
  readonly clock: Clock
  readonly log: Logger
  /** Default: a restart forgets which version of a document is the newest. */
  readonly versions?: Pick<VersionMemory, 'read' | 'keep'>
  note(digest: Digest, software: SoftwareSighting): void
  onReport(report: ImageReport): void
}

const maxAsked = 20_000
/** Keys expire, and documents may have come. */
export const readMs = 300_000
/** Documents that could not be read are asked for again after this time. */
export const unreadMs = 30_000

export class ImageExplanations {
  readonly #parts: ImageExplanationsParts
  readonly #statements: AttestedByName<string>
  readonly #provenance = new AttestedByName<Provenance>({ keyOf: ({ digest }) => digest, sizeOf: () => 0 })
  readonly #read: KeptResults<true>
  /** Those that are being asked for, or could not be read. Somebody with another credential may read them. */
  readonly #asked: KeptResults<true>

  constructor(parts: ImageExplanationsParts) {
    this.#parts = parts
    this.#statements = new AttestedByName<string>({
      keyOf: text => text,
      sizeOf: text => text.length,
      versionOf(text) {
        const version = documentVersion(parseJson(text))
        return version && shortened(version)
      },
      onVersions: (image, newest) => parts.versions?.keep(image, newest),
    })
    this.#read = new KeptResults({ entries: maxAsked }, parts.clock)
    this.#asked = new KeptResults({ entries: maxAsked }, parts.clock)
  }

  /** Learns what an earlier process has kept, before anything is wanted. */
  async restore(): Promise<void> {
    for await (const [image, newest] of this.#parts.versions?.read() ?? []) this.#statements.restore(image, newest)
  }

  /** Returns at once. */
  want(request: ExplanationRequest, signal: AbortSignal): void {
    const { namespace, image, digest, rules = '' } = request
    const repository = repositoryOf(image)
    if (repository === undefined) return
    const credentials = request.credentials.length > 0 ? request.credentials : this.#parts.credentials.of(namespace, repository)
    const key = `${namespace}\n${repository}\n${digest}\n${rules}`
    const asked = `${key}\n${fingerprintOf(credentials)}`
    if (this.#read.get(key, readMs) === true || this.#asked.get(asked, unreadMs) === true) return
    this.#asked.set(asked, true)
    this.#explain({ ...request, credentials }, repository, signal)
      .then(isRead => isRead && this.#read.set(key, true))
      .catch((err: unknown) => {
        if (!signal.aborted) this.#parts.log.error('cannot read what signers said of an image', { namespace, image, err: messageOf(err) })
      })
  }

  /** False if the registry has to be asked again. */
  async #explain(
    { namespace, digest, credentials, documents }: ExplanationRequest,
    repository: string,
    signal: AbortSignal,
  ): Promise<boolean> {
    if (documents === undefined) return true
    const { findings, note, onReport } = this.#parts
    const name = { namespace, repository }
    const { statements, provenance, isRead } = await documents(credentials)
    // What an earlier process has recorded may not be attested any more.
    note(digest, { provenance: this.#provenance.set(digest, name, provenance).entries })
    const { entries, changed } = this.#statements.set(digest, name, statements)
    if (!changed) return isRead
    const report = await findings.explain(digest, entries, signal)
    if (report !== undefined) onReport(report)
    return isRead
  }
}
