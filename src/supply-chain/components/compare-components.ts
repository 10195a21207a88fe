// What of a node's components changed since it started, each in a sentence that says what to do.
import type { Component } from './component.ts'

/** How a change of programs under a running node is accepted. */
export const acceptedByRestart = 'restart the node to accept it'

/** Empty if all are as they were. `accepted` says how an administrator accepts a change. */
export function driftOf(before: readonly Component[], now: readonly Component[], accepted = acceptedByRestart): string[] {
  const found = new Map(now.map(component => [component.name, component]))
  const known = new Set(before.map(({ name }) => name))
  return [
    ...before.flatMap(component => {
      const what = changeOf(component, found.get(component.name), accepted)
      return what === undefined ? [] : [what]
    }),
    ...now.filter(({ name }) => !known.has(name)).map(({ name, path }) => `${name} "${path}" is new: remove it, or ${accepted}`),
  ]
}

function changeOf(before: Component, now: Component | undefined, accepted: string): string | undefined {
  const { name, path } = before
  if (now === undefined) return `${name} "${path}" is missing: install it again`
  if (now.path === path && now.sha256 === before.sha256) return undefined
  const [old, current] = [before.package, now.package]
  if (old !== undefined && current !== undefined && old.version !== current.version)
    return `${name} "${now.path}" was replaced by ${current.name} ${current.version}, it was ${old.version}: ${accepted}`
  if (now.path !== path) return `${name} is "${now.path}", it was "${path}": ${accepted}`
  const from = before.package === undefined ? '' : `: it is not that of ${before.package.name} ${before.package.version} any more`
  return `${name} "${path}" has other bytes${from}; install it again, or ${accepted}`
}
