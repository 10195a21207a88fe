// The requests and answers of ImagePolicyWebhook's backend: imagepolicy.k8s.io/v1alpha1, as in upstream's plug-in.

import { groupResource } from '../api/object.ts'
import { containersOf } from '../api/pods/containers-of.ts'
import { type LocatedPod, locatePod } from '../api/pods/located-pod.ts'
import { isJsonObject, parseJson } from '../base/json.ts'
import type { WebhookEndpoint } from '../base/net/webhook-endpoint.ts'
import { writeJson } from '../base/write-json.ts'
import type { AdmissionRequest } from './admission.ts'
import { fail, type Json, mapping } from './configuration-value.ts'
import { readEndpoint } from './webhook/client-identity.ts'

export interface ImagePolicyConfiguration {
  readonly endpoint: WebhookEndpoint
  /** How long an answer is cached, by its verdict; 0 for not at all. */
  readonly allowMs: number
  readonly denyMs: number
  readonly retryMs: number
  /** Whether images are admitted if the backend does not answer. */
  readonly defaultAllow: boolean
}

const limits = {
  allowTTL: { unit: 1000, default: 300_000, min: 1000, max: 1_800_000 },
  denyTTL: { unit: 1000, default: 30_000, min: 1000, max: 1_800_000 },
  retryBackoff: { unit: 1, default: 500, min: 1, max: 300_000 },
} as const

/** Throws a UserError. `kubeConfig` holds the content of `kubeConfigFile`. */
export function readImagePolicy(value: Json, at: string): ImagePolicyConfiguration {
  const path = `${at}.imagePolicy`
  const policy = mapping(value['imagePolicy'], path)
  if (policy['kubeConfig'] === undefined) fail(`${path}.kubeConfigFile`, 'is missing: it names the file that leads to the backend')
  return {
    endpoint: readEndpoint(policy['kubeConfig'], `${path}.kubeConfigFile`),
    allowMs: milliseconds(policy, 'allowTTL', path),
    denyMs: milliseconds(policy, 'denyTTL', path),
    retryMs: milliseconds(policy, 'retryBackoff', path),
    defaultAllow: policy['defaultAllow'] === true,
  }
}

/** As upstream: 0 or absent means the default, -1 means never. */
function milliseconds(policy: Json, name: keyof typeof limits, at: string): number {
  const { unit, default: usual, min, max } = limits[name]
  const value = policy[name] ?? 0
  if (typeof value !== 'number') return fail(`${at}.${name}`, `must be a number, got ${writeJson(value)}`)
  if (value === 0) return usual
  if (value === -1) return 0
  const given = value * unit
  return given >= min && given <= max
    ? given
    : fail(`${at}.${name}`, `must be ${min / unit} to ${max / unit}, or -1 for none, got ${value}`)
}

export interface ImageReviewSpec {
  readonly containers: readonly { readonly image: string }[]
  readonly annotations?: Readonly<Record<string, string>>
  readonly namespace: string
}

/** All images that the request could start, of all containers and of volumes. Undefined if there is none. */
export function imageReview(request: AdmissionRequest): ImageReviewSpec | undefined {
  const { resource, object, namespace } = request
  const located = object && locatePod(groupResource(resource.group, resource.plural), object)
  if (located === undefined) return undefined
  const images = imagesOf(located)
  if (images.length === 0) return undefined
  const annotations = Object.entries(located.pod.metadata.annotations ?? {}).filter(([key]) => key.includes('.image-policy.k8s.io/'))
  return {
    containers: images.map(image => ({ image })),
    ...(annotations.length === 0 ? {} : { annotations: Object.fromEntries(annotations) }),
    namespace,
  }
}

function imagesOf({ pod: { spec } }: LocatedPod): string[] {
  const ofContainers = containersOf(spec).map(({ container }) => container.image ?? '')
  const ofVolumes = (spec.volumes ?? []).flatMap(({ image }) => (image?.reference ? [image.reference] : []))
  return [...ofContainers, ...ofVolumes].filter(image => image !== '')
}

export const reviewBody = (spec: ImageReviewSpec): Buffer =>
  Buffer.from(writeJson({ kind: 'ImageReview', apiVersion: 'imagepolicy.k8s.io/v1alpha1', metadata: {}, spec, status: {} }))

export interface ImageVerdict {
  readonly allowed: boolean
  readonly reason: string
  readonly annotations: Readonly<Record<string, string>>
}

/** Undefined for an invalid answer. */
export function readImageVerdict(body: Buffer): ImageVerdict | undefined {
  let value: unknown
  try {
    value = parseJson(body.toString())
  } catch {
    // The content is not shown, because it may be any page.
    return undefined
  }
  const status = isJsonObject(value) ? value['status'] : undefined
  if (!isJsonObject(status)) return undefined
  const { allowed = false, reason = '', auditAnnotations = {} } = status
  if (typeof allowed !== 'boolean' || typeof reason !== 'string') return undefined
  const annotations = isJsonObject(auditAnnotations) ? Object.entries(auditAnnotations) : []
  return {
    allowed,
    reason,
    annotations: Object.fromEntries(annotations.filter((entry): entry is [string, string] => typeof entry[1] === 'string')),
  }
}
