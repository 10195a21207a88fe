// A third-party program that a node runs, or a file that configures it, as it was found.
import { isJsonObject, parseJson } from '../../base/json.ts'

/** On the Node: a list of components in JSON, written by the node itself. */
export const componentsAnnotation = 'bulkhead.dev/components'
/** True if a component is not as it was when the node started. */
export const runtimeDriftCondition = 'bulkhead.dev/RuntimeDrift'

/** On the Node, written by an administrator: `Hold` compares programs with those of the node's last run, `Accept` (default) with those of its start. */
export const componentPolicyAnnotation = 'bulkhead.dev/component-policy'

/** What nobody knows holds. */
export const holdsComponents = (policy: string | undefined): boolean => policy !== undefined && policy !== 'Accept'

export interface Component {
  /** `runc`, `cni/bridge`, `containerd configuration` */
  readonly name: string
  /** With links followed. */
  readonly path: string
  readonly sha256: string
  /** The Debian package that brought it. */
  readonly package?: ComponentPackage
}

export interface ComponentPackage {
  readonly name: string
  readonly version: string
  /** By which Debian's advisories know it. */
  readonly source?: { readonly name: string; readonly version: string }
  /** Of the machine, as os-release says it. */
  readonly distribution?: { readonly id: string; readonly version: string }
}

/** The upstream version in that of a Debian package: `1.1.15` of `1.1.15+ds1-2+b4`. */
export const upstreamVersion = (version: string): string | undefined => /^(?:\d+:)?(\d+(?:\.\d+){1,3})/.exec(version)?.[1]

const maxLength = 64 * 1024
const maxComponents = 100

/** Of an annotation; what is no component is left out, since any text may stand there. */
export function readComponents(text: string | undefined): Component[] {
  if (text === undefined || text.length > maxLength) return []
  let value: unknown
  try {
    value = parseJson(text)
  } catch {
    // Not what a node wrote: nothing is known then.
    return []
  }
  return (Array.isArray(value) ? value : []).slice(0, maxComponents).flatMap((item): Component[] => {
    if (!isJsonObject(item)) return []
    const { name, path, sha256, package: from } = item
    if (typeof name !== 'string' || typeof path !== 'string' || typeof sha256 !== 'string') return []
    const known = packageIn(from)
    return [{ name, path, sha256, ...(known === undefined ? {} : { package: known }) }]
  })
}

function packageIn(value: unknown): ComponentPackage | undefined {
  if (!isJsonObject(value)) return undefined
  const { name, version, source, distribution } = value
  if (typeof name !== 'string' || typeof version !== 'string') return undefined
  const { name: sourceName, version: sourceVersion } = isJsonObject(source) ? source : {}
  const { id, version: release } = isJsonObject(distribution) ? distribution : {}
  return {
    ...{ name, version },
    ...(typeof sourceName === 'string' && typeof sourceVersion === 'string'
      ? { source: { name: sourceName, version: sourceVersion } }
      : {}),
    ...(typeof id === 'string' && typeof release === 'string' ? { distribution: { id, version: release } } : {}),
  }
}
