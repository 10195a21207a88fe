import type { ShippedPolicy } from './shipped-policy.ts'

/** Folders of a node whose content is the node itself. */
const system = ['etc', 'root', 'boot', 'dev', 'proc', 'sys', 'run', 'usr', 'bin', 'sbin', 'lib', 'lib64']
const below = ['var/run', 'var/log', 'var/lib/kubelet', 'var/lib/containerd', 'var/lib/docker', 'var/lib/etcd']
const list = (names: readonly string[]): string => `[${names.map(name => `'${name}'`).join(', ')}]`

export const hostPathVolumes: ShippedPolicy = {
  name: 'host-path-volumes.policies.bulkhead.dev',
  does: 'Refuses PersistentVolumes of a system folder of the node, such as `/` or `/etc`',
  guard: 'a pod of level `restricted` mounts the folder by a claim, and is root on the node',
  action: 'Deny',
  spec: {
    matchConstraints: {
      resourceRules: [
        { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['persistentvolumes'], scope: '*' },
      ],
    },
    matchConditions: [
      // The path never changes, and what there was before can be given up.
      { name: 'new-path-of-a-node', expression: 'oldObject == null && (has(object.spec.hostPath) || has(object.spec.local))' },
    ],
    variables: [
      { name: 'path', expression: 'has(object.spec.hostPath) ? object.spec.hostPath.path : object.spec.local.path' },
      // As the kernel reads it: `//etc/./` is `/etc`.
      { name: 'parts', expression: "variables.path.split('/').filter(part, part != '' && part != '.')" },
    ],
    validations: [
      {
        expression: `variables.parts.size() > 0 && !(variables.parts[0] in ${list(system)}) &&
          ${list(below)}.all(folder, !(variables.parts.join('/') + '/').startsWith(folder + '/'))`,
        messageExpression:
          "'the path \"' + variables.path + '\" is a system folder of the node: whoever claims the volume could change the node'",
        message: 'the path is a system folder of the node: whoever claims the volume could change the node',
        reason: 'Forbidden',
      },
    ],
  },
}
