// An APIService decides which server answers a part of the API and sees its users, so that server must be the intended one.

import { groupVersion, type KubeObject } from '../../api/object.ts'
import { resources } from '../../api/resources/index.ts'
import { forbidden } from '../../api/status.ts'
import type { APIService } from '../../api/types/apiregistration-v1.ts'
import { admitted } from '../admission.ts'
import type { PluginDefinition } from '../plugin-definition.ts'

/** Group versions that this server answers unless an APIService takes them over. */
const answeredHere: ReadonlySet<string> = new Set(
  resources.filter(({ serving }) => serving?.yieldsToApiService === true).map(({ group, version }) => groupVersion(group, version)),
)

export const apiServiceBackend: PluginDefinition = {
  name: 'APIServiceBackend',
  does: 'Refuses an APIService whose server is not verified',
  on: 'secure',
  guard: 'a pod that gets the address of an extension API server can act as part of the API',
  handles: [{ operations: ['CREATE', 'UPDATE'], resources: ['apiservices.apiregistration.k8s.io'] }],
  create: () => ({
    async validate({ object, resource, name }) {
      const { spec } = object as KubeObject & APIService
      if (spec.service === undefined || spec.insecureSkipTLSVerify !== true) return admitted
      const why =
        'any server on the address of its service could act as a part of this API: leave it out, let the server show a certificate for ' +
        `"${spec.service.name}.${spec.service.namespace}.svc", and give the authority that signed it, as PEM in base64, in spec.caBundle`
      const own = groupVersion(spec.group ?? '', spec.version ?? '')
      const needless = answeredHere.has(own)
        ? `; or leave this APIService out: the cluster answers ${own} itself, so kubectl top and autoscalers work without it`
        : ''
      return { allowed: false, error: forbidden(resource, name, `spec.insecureSkipTLSVerify: ${why}${needless}`) }
    },
  }),
}
