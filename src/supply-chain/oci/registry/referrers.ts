// Lists of descriptors that a registry answers: the referrers of an image (distribution-spec, "Listing Referrers").
import { getOwn } from '../../../base/data/own-property.ts'
import { isJsonObject, parseJson } from '../../../base/json.ts'
import type { Descriptor } from '../image-source.ts'
import { readDescriptor } from '../read-descriptor.ts'
import { RegistryUntrustworthy } from './registry-error.ts'

/** Referrers of one image: signatures, attestations, and others that nobody here reads. */
export const maxReferrers = 1000
export const maxReferrerPages = 20

/** The entries of an index. Throws RegistryUntrustworthy if it is none. */
export function readIndexEntries(bytes: Uint8Array, what: string): Descriptor[] {
  let index: unknown
  try {
    index = parseJson(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (err) {
    throw new RegistryUntrustworthy(`${what} is not JSON`, { cause: err })
  }
  const entries = isJsonObject(index) ? getOwn(index, 'manifests') : undefined
  if (!Array.isArray(entries)) throw new RegistryUntrustworthy(`${what} is no index of manifests`)
  if (entries.length > maxReferrers)
    throw new RegistryUntrustworthy(`${what} has ${entries.length} entries, at most ${maxReferrers} are read`)
  return entries.map((entry, at) => {
    const descriptor = readDescriptor(entry)
    if (descriptor === undefined) throw new RegistryUntrustworthy(`${what}: manifests[${at}] is no descriptor`)
    return descriptor
  })
}

/** Where the next page is: the header Link with `rel="next"` (RFC 8288). It must be of the same registry. */
export function nextPage(link: string | undefined, from: URL, host: string): URL | undefined {
  const [, target] = /^\s*<([^>]*)>\s*;\s*rel="?next"?\s*$/.exec((link ?? '').slice(0, 4096)) ?? []
  if (target === undefined) return undefined
  const url = URL.canParse(target, from.href) ? new URL(target, from) : undefined
  if (url?.origin !== from.origin) throw new RegistryUntrustworthy(`Registry ${host} continues a list at another server`)
  return url
}
