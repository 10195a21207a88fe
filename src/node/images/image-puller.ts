// Pulls a container's image by its pull policy, with upstream's reasons, messages, events and back-off.

import { type ImageReference, parseImageReference } from '../../api/image-reference.ts'
import { credentialsFor } from '../../api/pods/pull-credentials.ts'
import type { Container, EphemeralContainer, Secret } from '../../api/types/core-v1.ts'
import { BackOff } from '../../base/async/back-off.ts'
import type { Clock } from '../../base/clock.ts'
import { formatGoDuration } from '../../base/config/go-duration.ts'
import { writeJson } from '../../base/write-json.ts'
import type { Image, RegistryAuth } from '../cri/messages.ts'
import type { ContainerRuntime } from '../cri/runtime.ts'
import type { PullRecords } from './pull-records.ts'
import { SharedPulls } from './shared-pulls.ts'

export type PullReason = 'ErrImagePull' | 'ImagePullBackOff' | 'ErrImageNeverPull' | 'InvalidImageName' | 'ImageInspectError'

/** Why the image is missing: reason and message of the container's waiting state. */
export class ImageError extends Error {
  override readonly name = 'ImageError'
  readonly reason: PullReason
  /** Milliseconds until the next try; undefined if only a change of the pod helps. */
  readonly retryAfterMs: number | undefined
  constructor(reason: PullReason, message: string, retryAfterMs?: number, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
    this.retryAfterMs = retryAfterMs
  }
}

export interface PullRequest {
  readonly podUid: string
  readonly container: Container | EphemeralContainer
  /** Called only if a pull is needed, or if the image is present but not public. */
  secrets(signal: AbortSignal): Promise<readonly Secret[]>
  /** The pod's own credential for an image of the cluster's registry, to which it has the right; undefined for others. */
  readonly own: RegistryAuth | undefined
  /** Credentials of mirrors of the image's registry, which each pod may use; tried before those of the pod. */
  readonly mirrors?: readonly RegistryAuth[]
  event(type: 'Normal' | 'Warning', reason: string, message: string): void
}

/** One per node. Simultaneous pulls of an image with the same credentials are one pull, and only a few run at once. */
export class ImagePuller {
  readonly #runtime: ContainerRuntime
  readonly #pulls: SharedPulls
  readonly #records: PullRecords
  readonly #clock: Clock
  readonly #backOff = new BackOff()
  readonly #lastError = new Map<string, string>()

  constructor(runtime: ContainerRuntime, records: PullRecords, clock: Clock) {
    this.#runtime = runtime
    this.#records = records
    this.#pulls = new SharedPulls(runtime)
    this.#clock = clock
  }

  /** Resolves with the image on the node; rejects with ImageError. */
  async ensure(request: PullRequest, signal: AbortSignal): Promise<Image> {
    const { container, event } = request
    const name = container.image ?? ''
    const reference = parseImageReference(name)
    if (!reference) {
      const message = `Failed to apply default image tag ${writeJson(name)}: couldn't parse image name ${writeJson(name)}: invalid reference format`
      event('Warning', 'InspectFailed', message)
      throw new ImageError('InvalidImageName', message)
    }
    const policy = pullPolicyOf(container, reference)
    const present = await this.#inspect(reference.full, name, signal)
    const mayUse =
      present !== undefined &&
      (policy === 'Always' || request.own !== undefined || (await this.#records.admits(present, reference, () => request.secrets(signal))))
    if (policy === 'Never' && !mayUse) {
      const why = present
        ? 'is present with pull policy of Never but does not have the proper credentials to access the image'
        : 'is not present with pull policy of Never'
      const message = `Container image ${writeJson(name)} ${why}`
      event('Warning', 'ErrImageNeverPull', message)
      throw new ImageError('ErrImageNeverPull', message)
    }
    if (mayUse && policy !== 'Always') {
      event('Normal', 'Pulled', `Container image ${writeJson(name)} already present on machine`)
      return present
    }
    return await this.#pull(request, reference, present, signal)
  }

  forgetPod(podUid: string): void {
    this.#backOff.forget(`${podUid}_`)
    for (const key of this.#lastError.keys()) if (key.startsWith(`${podUid}_`)) this.#lastError.delete(key)
    for (const key of this.#failedAt.keys()) if (key.startsWith(`${podUid}_`)) this.#failedAt.delete(key)
  }

  async #inspect(full: string, name: string, signal: AbortSignal): Promise<Image | undefined> {
    try {
      return await this.#runtime.imageStatus(full, signal)
    } catch (cause) {
      signal.throwIfAborted()
      throw new ImageError('ImageInspectError', `Failed to inspect image ${writeJson(name)}: ${text(cause)}`, 1000, { cause })
    }
  }

  async #pull(request: PullRequest, reference: ImageReference, present: Image | undefined, signal: AbortSignal): Promise<Image> {
    const { podUid, container, event, own } = request
    const name = container.image ?? ''
    const key = `${podUid}_${reference.full}`
    const now = this.#clock.now()
    const lastError = this.#lastError.get(key)
    const wait = lastError === undefined ? 0 : this.#backOff.remaining(key, this.#failedAt.get(key) ?? now, now)
    if (wait > 0) {
      event('Normal', 'BackOff', `Back-off pulling image ${writeJson(name)}`)
      throw new ImageError('ImagePullBackOff', `Back-off pulling image ${writeJson(name)}: ErrImagePull: ${lastError}`, wait)
    }
    event('Normal', 'Pulling', `Pulling image ${writeJson(name)}`)
    // A Secret for the cluster's own registry would be a credential that is bound to nothing.
    const secrets = own === undefined ? await request.secrets(signal) : []
    const credentials = own === undefined ? credentialsFor(reference, secrets) : [own]
    const mirrors = own === undefined ? (request.mirrors ?? []) : []
    let failure = ''
    for (const auth of [...mirrors, ...(credentials.length === 0 ? [undefined] : credentials)]) {
      try {
        const shared = auth !== undefined && mirrors.includes(auth)
        const image = await this.#recordedPull(reference, auth, { secrets, shared }, present, signal)
        const took = formatGoDuration(Math.max(0, Math.trunc(this.#clock.now() - now)))
        event(
          'Normal',
          'Pulled',
          `Successfully pulled image ${writeJson(name)} in ${took} (${took} including waiting). Image size: ${image.size} bytes.`,
        )
        this.#backOff.forget(key)
        this.#lastError.delete(key)
        this.#failedAt.delete(key)
        return image
      } catch (err) {
        signal.throwIfAborted()
        failure = text(err)
      }
    }
    const failedAt = this.#clock.now()
    this.#failedAt.set(key, failedAt)
    this.#lastError.set(key, failure)
    this.#backOff.next(key, failedAt, failedAt)
    event('Warning', 'Failed', `Failed to pull image ${writeJson(name)}: ${failure}`)
    throw new ImageError('ErrImagePull', failure, this.#backOff.get(key))
  }

  /** Never leaves an image on the node without a record of who may use it. */
  async #recordedPull(
    reference: ImageReference,
    auth: RegistryAuth | undefined,
    { secrets, shared }: { readonly secrets: readonly Secret[]; readonly shared: boolean },
    present: Image | undefined,
    signal: AbortSignal,
  ): Promise<Image> {
    const records = this.#records
    // As an anonymous pull: whoever has a pod may use the mirror.
    const owned = shared ? undefined : auth
    if (records.isCrowded) records.keep(await this.#runtime.listImages(signal))
    if (owned !== undefined) await records.begin(reference, present)
    try {
      const ref = await this.#pulls.pull(reference.full, auth, signal)
      const image = await this.#runtime.imageStatus(ref, signal)
      if (!image) throw new Error(`image ${ref} is missing after its pull`)
      await records.pulled(reference, image, owned, secrets)
      return image
    } catch (err) {
      if (owned !== undefined) await (signal.aborted ? records.left(reference) : records.failed(reference))
      throw err
    }
  }

  readonly #failedAt = new Map<string, number>()
}

export const pullPolicyOf = ({ imagePullPolicy }: PullRequest['container'], { tag, digest }: ImageReference): string =>
  imagePullPolicy ?? (tag === 'latest' && digest === undefined ? 'Always' : 'IfNotPresent')

function text(err: unknown): string {
  return err instanceof Error ? err.message : String(err)
}
