// The annotation of pods that says which images were admitted: by which reference they were requested, and who signed them. Only the API
// server writes it, when it admits the pod.
import { isJsonObject, parseJson } from '../../base/json.ts'
import type { ObjectMeta } from '../object.ts'

/** JSON, by the name of the container; `volume <name>` for the image of a volume. */
export const imagesAnnotation = 'supply.bulkhead.dev/images'

export interface AdmittedImage {
  /** As it was requested, with its tag. */
  readonly image: string
  readonly digest: string
  /** Who signed it; unset if no policy required anybody. */
  readonly by?: readonly string[]
  /** RFC 3339: when that was verified. */
  readonly time?: string
}

/** Entries that are not readable are left out. */
export function admittedImages({ annotations = {} }: Pick<ObjectMeta, 'annotations'>): ReadonlyMap<string, AdmittedImage> {
  const text = annotations[imagesAnnotation]
  return text === undefined ? new Map() : readAdmittedImages(text)
}

export function readAdmittedImages(text: string): ReadonlyMap<string, AdmittedImage> {
  const found = new Map<string, AdmittedImage>()
  let value: unknown
  try {
    value = parseJson(text)
  } catch {
    // Somebody else wrote it, where the plug-in that writes it is off.
    return found
  }
  for (const [name, entry] of Object.entries(isJsonObject(value) ? value : {})) {
    if (!isJsonObject(entry)) continue
    const { image, digest, by, time } = entry
    if (typeof image !== 'string' || typeof digest !== 'string') continue
    const signers = Array.isArray(by) && by.every(signer => typeof signer === 'string') ? { by } : {}
    found.set(name, { image, digest, ...signers, ...(typeof time === 'string' ? { time } : {}) })
  }
  return found
}

/** Condition of the pod's status: False while a policy refuses one of its images, so that the node starts none of its containers. */
export const imagesVerifiedCondition = 'supply.bulkhead.dev/ImagesVerified'
