// Merges an apply configuration into an object: the configuration wins in every leaf, and keyed lists are merged item by item.
import { getOwn, setOwn } from '../../../base/data/own-property.ts'
import { isRecord } from '../../schema/compile.ts'
import { itemElement } from './path-element.ts'
import { type ListShape, type MapShape, memberShape, resolve, type Shape, type StructShape } from './shape.ts'

/** `undefined` is absent on either side. Shares parts with both. */
export function mergeConfiguration(live: unknown, config: unknown, shape: Shape): unknown {
  if (config === undefined) return live
  if (live === undefined && shape.kind !== 'deduced') return config
  const resolved = resolve(shape, config ?? live)
  if (resolved.kind === 'leaf') return config
  if (resolved.kind === 'list') return mergeLists(Array.isArray(live) ? live : [], Array.isArray(config) ? config : [], resolved, config)
  return mergeMaps(isRecord(live) ? live : {}, isRecord(config) ? config : {}, resolved, config)
}

function mergeMaps(live: Record<string, unknown>, config: Record<string, unknown>, shape: StructShape | MapShape, sent: unknown): unknown {
  const result: Record<string, unknown> = {}
  let size = 0
  let same = true
  const put = (name: string): void => {
    const old = getOwn(live, name)
    const merged = mergeConfiguration(old, getOwn(config, name), memberShape(shape, name))
    if (merged !== old) same = false
    if (merged === undefined) return
    setOwn(result, name, merged)
    size++
  }
  for (const name in live) put(name)
  for (const name in config) if (getOwn(live, name) === undefined) put(name)
  if (size === 0) return sent
  // An unchanged value keeps its identity, so that it is not compared again.
  return same ? live : result
}

/**
 * Items of only one side keep their place between their neighbours; if the sides order common items differently, the configuration's order
 * applies.
 */
function mergeLists(live: readonly unknown[], config: readonly unknown[], shape: ListShape, sent: unknown): unknown {
  if (live.length === 0 && config.length === 0) return sent
  const left = live.map(item => itemElement(shape, item))
  const right = config.map(item => itemElement(shape, item))
  const ofLive = new Map<string, unknown>()
  // A name that several items share identifies none of them: they are replaced.
  for (const [index, element] of left.entries()) ofLive.set(element, ofLive.has(element) ? null : live[index])
  const ofConfig = new Map(right.map((element, index) => [element, config[index]]))
  const shared = right.filter(element => ofLive.has(element))
  let nextShared = shared.shift()
  const done = new Set<string>()
  const result: unknown[] = []
  const take = (element: string): void => {
    done.add(element)
    const item = ofLive.get(element)
    result.push(mergeConfiguration(item === null ? undefined : item, ofConfig.get(element), shape.item))
  }
  for (let l = 0, r = 0; l < left.length || r < right.length; ) {
    const ours = left[l]
    const theirs = right[r]
    if (ours !== undefined && theirs !== undefined) {
      if (ours === theirs) {
        take(theirs)
        l++
        r++
        nextShared = shared.shift()
        continue
      }
      if (ofConfig.has(ours) && nextShared !== undefined && nextShared !== ours) {
        // Added later, at its place in the configuration.
        l++
        continue
      }
    }
    if (ours !== undefined) {
      if (!ofConfig.has(ours)) {
        result.push(live[l])
        l++
        continue
      }
      if (done.has(ours)) l++
    }
    if (theirs !== undefined) {
      take(theirs)
      r++
      if (nextShared === theirs) nextShared = shared.shift()
    }
  }
  return result
}
