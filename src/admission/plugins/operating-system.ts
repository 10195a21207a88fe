// Refuses pods and pod templates for an operating system that no node has. Pod Security lets a Windows pod omit settings that Windows lacks
// (seccomp, capabilities, no_new_privs): on Linux nodes, it would run without any of them.

import { groupResource, type KubeObject } from '../../api/object.ts'
import { locatePod, podResources } from '../../api/pods/located-pod.ts'
import { nodeSystem, systemOfNode, systemOfPod } from '../../api/pods/operating-system.ts'
import type { ResourceDefinition } from '../../api/resources/resource.ts'
import { forbidden } from '../../api/status.ts'
import type { StoreReader } from '../../api/store-view.ts'
import { admitted } from '../admission.ts'
import type { PluginDefinition, PluginSteps } from '../plugin-definition.ts'

export const operatingSystem: PluginDefinition<{ readonly reader: StoreReader }> = {
  name: 'OperatingSystem',
  does: 'Refuses pods and pod templates for an operating system that no node runs',
  on: 'secure',
  guard: 'a pod that claims to be for Windows escapes rules that Windows lacks',
  handles: [{ operations: ['CREATE', 'UPDATE'], resources: podResources }],
  status: [{ name: 'no pods for an operating system that no node has', note: 'nodes refuse them too' }],
  create,
}

function create({ reader }: { readonly reader: StoreReader }): PluginSteps {
  /** A pod with a node name is bound to that node; others may go to any. */
  function isRun(system: string, nodeName: string | undefined): boolean {
    const named = nodeName ? reader.get('nodes', '', nodeName) : undefined
    if (named !== undefined) return systemOfNode(named) === system
    return system === nodeSystem || reader.list('nodes').some(node => systemOfNode(node) === system)
  }

  return {
    async validate({ resource, name, object, oldObject }) {
      const located = locate(resource, object)
      const system = located && systemOfPod(located.pod.spec)
      if (located === undefined || system === undefined) return admitted
      // An existing object may change in other fields, or a finalizer could not be removed.
      const before = locate(resource, oldObject)
      if (before !== undefined && systemOfPod(before.pod.spec)?.name === system.name) return admitted
      const { nodeName } = located.pod.spec
      if (isRun(system.name, nodeName)) return admitted
      const field = `${located.pointer.slice(1).replaceAll('/', '.')}.${system.field}`.replace(/^\./, '')
      const why = nodeName ? `node "${nodeName}" does not run it` : 'no node of this cluster runs it'
      const accepted = `pods without it${system.field === 'spec.os.name' ? `, or with "${nodeSystem}",` : ''} are admitted`
      return { allowed: false, error: forbidden(resource, name, `${field} is for "${system.name}", and ${why}; ${accepted}`) }
    },
  }
}

const locate = ({ group, plural }: ResourceDefinition, object: KubeObject | undefined) =>
  object === undefined ? undefined : locatePod(groupResource(group, plural), object)
