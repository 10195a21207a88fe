// Reads what is in the images that run: in turn between namespaces, and never while somebody waits for it. What takes long is tried again apart.
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { deadline } from '../../base/async/abort.ts'
import type { Clock } from '../../base/clock.ts'
import { failsBy } from '../../base/files/errno.ts'
import type { Logger } from '../../base/log.ts'
import { UserError } from '../../base/user-error.ts'
import type { Digest } from '../../supply-chain/oci/digest.ts'
import type { ImageSource } from '../../supply-chain/oci/image-source.ts'
import { nodePlatform } from '../../supply-chain/oci/platform.ts'
import { RegistryDenied, RegistryUnavailable } from '../../supply-chain/oci/registry/registry-error.ts'
import { type ResolvedImage, resolveImage } from '../../supply-chain/oci/resolve-image.ts'
import { copyToLayout } from '../../supply-chain/oci/sources/copy-to-layout.ts'
import { builtInRegistry } from '../../supply-chain/policy/covers-image.ts'
import type { PullCredential } from '../../supply-chain/policy/image-question.ts'
import { repositoryOf } from '../../supply-chain/policy/repository-of.ts'
import { fingerprintOf } from '../credentials-for.ts'
import type { Registries } from '../image-verifier.ts'
import { KeptResults } from '../kept-results.ts'
import { NamespaceTurns, TooManyWaiting, type TurnLimits } from '../namespace-turns.ts'
import { platformsOf } from '../platform-digests.ts'
import type { Findings } from './findings.ts'
import type { ImageReport } from './image-report.ts'

export interface ScanRequest {
  readonly namespace: string
  /** As it stands in the pod. */
  readonly image: string
  readonly digest: Digest
  /** For its repository. They are kept until its turn comes. */
  readonly credentials: readonly PullCredential[]
  /** A bill of materials in JSON that somebody signed whom a policy of the cluster requires. */
  attested?(): Promise<string | undefined>
}

export interface ImageScansParts {
  readonly registries: Registries
  readonly findings: Findings
  /** For copies of images while they are read. What is in it is removed at the start. */
  readonly folder: string
  readonly clock: Clock
  readonly log: Logger
  onReport(report: ImageReport): void
  onFailure(digest: Digest, message: string): void
}

/** Copies at once. An image has one turn at a time, however many names it has. */
export const scanTurns: TurnLimits = { running: 8, ownRunning: 2, firstOnly: 4, waiting: 2000, ownWaiting: 100 }
/** The same for those that were not copied in the time for a first try. */
export const longTurns: TurnLimits = { running: 3, ownRunning: 1, waiting: 300, ownWaiting: 20 }
/** Images are read one at a time. */
const readingTurns: TurnLimits = { running: 1, ownRunning: 1, waiting: 2000, ownWaiting: 100 }
/** Compressed bytes of an image that is read. */
export const maxScannedBytes = 2 * 1024 ** 3
/** For the first copy. It is shorter than a registry client's own attempts at a registry that does not answer. */
export const firstCopyMs = 10_000
/** For a copy after that. */
export const copyMs = 5 * 60_000
/** Names of an image in a namespace that wait. */
export const maxNames = 8
/** An image that could not be read is not tried again for this long, by the same name in the same namespace. */
export const retryScanMs = 10 * 60_000
const maxFailures = 5000

export class ImageScans {
  readonly #parts: ImageScansParts
  readonly #copying = new NamespaceTurns(scanTurns)
  readonly #longCopying = new NamespaceTurns(longTurns)
  readonly #reading = new NamespaceTurns(readingTurns)
  readonly #known = new Set<Digest>()
  /**
   * Requests by their names, by namespace and digest. Another tenant's name for the same image is another request: it may have a better registry, or
   * better credentials.
   */
  readonly #pending = new Map<string, Map<string, ScanRequest>>()
  readonly #failed: KeptResults<true>
  /** Changes of mirrors since the start. */
  #mirrorChanges = 0

  constructor(parts: ImageScansParts) {
    this.#parts = parts
    this.#failed = new KeptResults({ entries: maxFailures }, parts.clock)
  }

  /** Removes what an earlier process left. */
  async prepare(): Promise<void> {
    await rm(this.#parts.folder, { recursive: true, force: true })
    await mkdir(this.#parts.folder, { recursive: true, mode: 0o700 })
  }

  /** It was read before. */
  addKnown(digest: Digest): void {
    this.#known.add(digest)
  }

  /** It is not kept any more. */
  forget(digest: Digest): void {
    this.#known.delete(digest)
  }

  /** An image that could not be read may be readable now. */
  mirrorsChanged(): void {
    this.#mirrorChanges++
    this.#failed.clear()
  }

  has(digest: Digest): boolean {
    return this.#known.has(digest)
  }

  /** Returns at once. More than a namespace may have waiting are dropped; they come again when their pods are evaluated again. */
  want(request: ScanRequest, signal: AbortSignal): void {
    const { namespace, digest, credentials } = request
    // Who comes with a credential may read what nobody could without.
    const key = `${namespace}\n${repositoryOf(request.image) ?? request.image}\n${digest}\n${fingerprintOf(credentials)}`
    if (this.#known.has(digest) || this.#failed.get(key, retryScanMs) === true) return
    const image = `${namespace}\n${digest}`
    const pending = this.#pending.get(image)
    if (pending !== undefined) {
      if (pending.size < maxNames && !pending.has(key)) pending.set(key, request)
      return
    }
    const names = new Map([[key, request]])
    this.#pending.set(image, names)
    this.#scan(names, signal)
      .catch((err: unknown) => {
        if (!signal.aborted && !(err instanceof TooManyWaiting)) this.#parts.log.error('cannot scan an image', { namespace, digest, err })
      })
      .finally(() => this.#pending.delete(image))
  }

  /** Reads an image that does not run. Rejects with a UserError if it cannot be read. */
  async read(request: ScanRequest, signal: AbortSignal): Promise<void> {
    await this.#fromLayers(request, copyMs, signal)
    this.#known.add(request.digest)
  }

  /** Each name has a turn of its own, so that one that hangs does not hold back other images of its namespace; those that take long come last. */
  async #scan(names: Map<string, ScanRequest>, signal: AbortSignal): Promise<void> {
    const long = new Set<string>()
    for (;;) {
      const [next] = [...names].filter(([key]) => !long.has(key))
      const [key, request] = next ?? [...names][0] ?? []
      if (key === undefined || request === undefined || this.#known.has(request.digest)) return
      const isLong = long.has(key)
      const mirrorChanges = this.#mirrorChanges
      const turns = isLong ? this.#longCopying : this.#copying
      try {
        await turns.run(request.namespace, () => this.#readOnce(request, isLong ? copyMs : firstCopyMs, signal), signal)
      } catch (err) {
        if (signal.aborted || err instanceof TooManyWaiting) throw err
        if (err instanceof TookTooLong && !isLong) {
          long.add(key)
          continue
        }
        // A mirror changed during the attempt, which may have asked the wrong address.
        if (mirrorChanges !== this.#mirrorChanges) continue
        this.#fail(key, request, err)
      }
      names.delete(key)
    }
  }

  #fail(key: string, { namespace, image, digest }: ScanRequest, err: unknown): void {
    this.#failed.set(key, true)
    const isExpected = err instanceof UserError
    if (!isExpected) this.#parts.log.error('cannot scan an image', { namespace, image, err })
    if (this.#known.has(digest)) return
    this.#parts.onFailure(digest, isExpected ? err.message : 'It could not be read, see the log of the part "artifacts"')
  }

  async #readOnce(request: ScanRequest, withinMs: number, signal: AbortSignal): Promise<void> {
    // Another name of the same image was first.
    if (this.#known.has(request.digest)) return
    const report = (await this.#attested(request, signal)) ?? (await this.#fromLayers(request, withinMs, signal))
    this.#known.add(request.digest)
    this.#parts.onReport(report)
  }

  async #attested({ digest, attested, image }: ScanRequest, signal: AbortSignal): Promise<ImageReport | undefined> {
    const document = await attested?.()
    if (document === undefined) return undefined
    try {
      return await this.#parts.findings.attest(digest, document, signal)
    } catch (err) {
      if (!(err instanceof UserError)) throw err
      this.#parts.log.info('an attested bill of materials is not used', { image, digest, reason: err.message })
      return undefined
    }
  }

  /** For the platform of this machine; else for the first one that the image is for, since some node runs it. */
  async #resolve(source: ImageSource, digest: Digest, image: string, signal: AbortSignal): Promise<ResolvedImage> {
    const own = nodePlatform(process.arch)
    try {
      return await resolveImage(source, digest, own, image, signal)
    } catch (err) {
      // A registry that does not answer, or refuses, would be asked the same again.
      if (!(err instanceof UserError) || err instanceof RegistryUnavailable || err instanceof RegistryDenied) throw err
      const manifest = await source.manifest(digest, signal)
      const platforms = manifest === undefined ? [] : platformsOf(manifest)
      const [first] = platforms
      const isFor = platforms.some(({ os, architecture }) => os === own.os && architecture === own.architecture)
      if (first === undefined || isFor) throw err
      return await resolveImage(source, digest, first, image, signal)
    }
  }

  async #fromLayers(request: ScanRequest, withinMs: number, signal: AbortSignal): Promise<ImageReport> {
    const { namespace, digest } = request
    const folder = await mkdtemp(join(this.#parts.folder, 'image-'))
    try {
      await this.#copy(request, folder, withinMs, signal)
      return await this.#reading.run(namespace, () => this.#parts.findings.scan(digest, folder, signal), signal)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }

  async #copy({ image, digest, credentials }: ScanRequest, folder: string, withinMs: number, signal: AbortSignal): Promise<void> {
    const repository = repositoryOf(image)
    if (repository === undefined) throw new UserError(`"${image}" is no image reference`)
    if (repository.startsWith(builtInRegistry)) throw new UserError('It comes with Bulkhead, so that no registry has it')
    using limit = deadline(this.#parts.clock, withinMs)
    const late = AbortSignal.any([signal, limit.signal])
    try {
      const source = this.#parts.registries.open(repository, credentials)
      const resolved = await this.#resolve(source, digest, image, late)
      await copyToLayout(source, resolved, 'image', folder, late, maxScannedBytes)
    } catch (err) {
      if (limit.signal.aborted && !signal.aborted)
        throw new TookTooLong(`It could not be copied in ${withinMs / 60_000} minutes`, { cause: err })
      if (failsBy(err, 'ENOSPC') || failsBy(err, 'EDQUOT'))
        throw new UserError('It could not be copied: the disk of the cluster is full', { cause: err })
      throw err
    }
  }
}

class TookTooLong extends UserError {}
