// ImagePolicyWebhook: a backend decides which images may run. Off unless enabled and configured.
import { podResources } from '../../api/pods/located-pod.ts'
import { forbidden } from '../../api/status.ts'
import { type Clock, pause } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { writeJson } from '../../base/write-json.ts'
import { type AdmissionRequest, admitted, type Verdict } from '../admission.ts'
import { type ImagePolicyConfiguration, type ImageVerdict, imageReview, readImageVerdict, reviewBody } from '../image-policy.ts'
import type { PluginDefinition, PluginSteps } from '../plugin-definition.ts'
import { annotateAnswer } from '../webhook/answer-annotations.ts'
import type { ReviewSender } from '../webhook/call-hook.ts'

export interface ImagePolicyOptions {
  /** Without one, everything with images is refused, because there is no backend to ask. */
  readonly configuration?: { readonly imagePolicy?: ImagePolicyConfiguration } | undefined
  /** The secure profile also asks about images of workloads, upstream only about those of pods. */
  readonly profile: 'secure' | 'upstream'
  readonly webhooks: BackendParts
}

interface BackendParts {
  readonly sender: ReviewSender
  readonly clock: Clock
  readonly log: Logger
}

const annotationPrefix = 'imagepolicywebhook.image-policy.k8s.io/'
/** Limit of cached answers; the oldest is dropped. */
const maxCachedVerdicts = 1024
const attempts = 5
const backoffFactor = 1.5
const callSeconds = 10

export const imagePolicyWebhook: PluginDefinition<ImagePolicyOptions> = {
  name: 'ImagePolicyWebhook',
  does: 'Asks a backend which images may run (needs a configuration)',
  on: 'requested',
  handles: [{ operations: ['CREATE', 'UPDATE'], resources: [...podResources, 'pods/ephemeralcontainers', 'pods/resize'] }],
  create,
}

function create({ configuration: { imagePolicy: configuration } = {}, profile, webhooks }: ImagePolicyOptions): PluginSteps {
  const kept = new Map<string, { readonly verdict: ImageVerdict; readonly until: number }>()
  const { clock, log } = webhooks

  const verdictFor = async (key: string, body: Buffer, asked: ImagePolicyConfiguration, signal: AbortSignal): Promise<ImageVerdict> => {
    const known = kept.get(key)
    if (known !== undefined && clock.monotonic() < known.until) return known.verdict
    kept.delete(key)
    const verdict = await ask(body, asked, webhooks, signal)
    const until = clock.monotonic() + (verdict.allowed ? asked.allowMs : asked.denyMs)
    const [oldest] = kept.size < maxCachedVerdicts ? [] : kept.keys()
    if (oldest !== undefined) kept.delete(oldest)
    kept.set(key, { verdict, until })
    return verdict
  }

  return {
    handles: ({ resource }) => profile === 'secure' || resource.plural === 'pods',
    async validate(request, signal): Promise<Verdict> {
      const spec = imageReview(request)
      if (spec === undefined) return admitted
      if (configuration === undefined) return refused(request, 'there is no configuration that leads to a backend')
      let verdict: ImageVerdict
      try {
        verdict = await verdictFor(writeJson(spec), reviewBody(spec), configuration, signal)
      } catch (err) {
        signal.throwIfAborted()
        log.error('image policy backend failed', { err, images: configuration.defaultAllow ? 'allowed' : 'refused' })
        if (!configuration.defaultAllow) return refused(request, err instanceof Error ? err.message : String(err))
        request.annotate(`${annotationPrefix}failed-open`, 'true')
        return admitted
      }
      annotateAnswer(request, annotationPrefix, verdict.annotations)
      if (verdict.allowed) return admitted
      const { reason } = verdict
      const text =
        reason === ''
          ? 'one or more images rejected by webhook backend'
          : `image policy webhook backend denied one or more images: ${reason}`
      return refused(request, text)
    },
  }
}

const refused = ({ resource, name }: AdmissionRequest, why: string): Verdict => ({ allowed: false, error: forbidden(resource, name, why) })

/** Retries with growing delays, as upstream. Rejects with the last error. */
async function ask(
  body: Buffer,
  { endpoint, retryMs }: ImagePolicyConfiguration,
  { sender, clock }: BackendParts,
  signal: AbortSignal,
): Promise<ImageVerdict> {
  for (let attempt = 1; ; attempt++) {
    try {
      const verdict = readImageVerdict(await sender.post(endpoint, body, callSeconds, signal))
      if (verdict === undefined) throw new Error('the image policy webhook backend gave no ImageReview with a status')
      return verdict
    } catch (err) {
      if (signal.aborted || attempt >= attempts) throw err
      await pause(clock, retryMs * backoffFactor ** (attempt - 1), signal)
    }
  }
}
