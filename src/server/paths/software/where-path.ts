// `/bulkhead/v1/where?package=NAME[@VERSION]`: every running container that has a package, or an advisory's packages, in the namespaces whose pods the user
// may list. The part `artifacts` knows which images have it.
import { limitHolder } from '../../../access/limit-subject.ts'
import type { PackageSearch } from '../../../api/package-search.ts'
import { imageName } from '../../../api/resources/supply/image.ts'
import { badRequest, serviceUnavailable, tooManyRequests } from '../../../api/status.ts'
import type { StoreReader } from '../../../api/store-view.ts'
import type { Image } from '../../../api/types/supply-v1.ts'
import { valueReply } from '../../answers/respond.ts'
import type { Authorize } from '../../request/authorize.ts'
import type { PathHandler } from '../../request/request-context.ts'
import type { PodsByImage, RunningImage } from './pods-by-image.ts'
import { visibleNamespaces } from './visible-namespaces.ts'

export const wherePath = '/bulkhead/v1/where'

export interface FoundContainer extends RunningImage {
  /** `name version` of each package. */
  readonly packages: readonly string[]
}

export interface WhereList {
  readonly kind: 'PackageLocations'
  readonly apiVersion: 'where.bulkhead.dev/v1'
  readonly items: readonly FoundContainer[]
  /** Further containers. */
  readonly more: number
  /** Images that run in the same namespaces and were not read, so that they may have it too. */
  readonly unread: readonly string[]
}

export interface WhereParts {
  readonly pods: PodsByImage
  readonly reader: StoreReader
  readonly authorize: Authorize
  readonly search?: PackageSearch
}

/** Containers of an answer. */
export const maxFound = 20_000
const maxUnread = 1000
export const maxQueryLength = 512
/** At once: in all, and one of each user. */
const maxSearches = 4
const answerMs = 10_000

export function wherePathHandler(parts: WhereParts): PathHandler {
  const searching = new Set<string>()
  return async (context, path) => {
    if (path !== wherePath) return undefined
    const { search } = parts
    const wanted = context.query.get('package') ?? ''
    if (wanted === '' || wanted.length > maxQueryLength)
      throw badRequest(`ask for a package or an advisory of 1 to ${maxQueryLength} characters: ?package=openssl@3.0.8-1`)
    if (search === undefined) throw serviceUnavailable('this cluster scans no images')
    const holder = limitHolder(context.user.name)
    if (searching.size >= maxSearches || searching.has(holder))
      throw tooManyRequests('Too many searches for packages, please try again later.')
    searching.add(holder)
    try {
      const limited = AbortSignal.any([context.request.signal, AbortSignal.timeout(answerMs)])
      const { hits, more } = await search.where(wanted, limited)
      const isVisible = visibleNamespaces(parts.authorize, context)
      const items: FoundContainer[] = []
      let left = more
      for (const { image, packages } of hits)
        for (const running of parts.pods.running(image)) {
          if (!(await isVisible(running.namespace))) continue
          if (items.length < maxFound) items.push({ ...running, packages })
          else left++
        }
      const unread = await unreadImages(parts, isVisible)
      return valueReply(context, {
        kind: 'PackageLocations',
        apiVersion: 'where.bulkhead.dev/v1',
        items,
        more: left,
        unread,
      } satisfies WhereList)
    } finally {
      searching.delete(holder)
    }
  }
}

async function unreadImages({ pods, reader }: WhereParts, isVisible: (namespace: string) => Promise<boolean>): Promise<string[]> {
  const unread: string[] = []
  for (const digest of pods.digests()) {
    // The resource's own schema decoded the object.
    const image = reader.get('images.supply.bulkhead.dev', '', imageName(digest)) as Image | undefined
    const { sbom } = image?.status ?? {}
    if (sbom !== undefined && sbom.source !== 'None') continue
    for (const running of pods.running(digest)) {
      if (!(await isVisible(running.namespace))) continue
      unread.push(running.image)
      break
    }
    if (unread.length >= maxUnread) break
  }
  return unread
}
