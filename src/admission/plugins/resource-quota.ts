// A namespace uses no more than its ResourceQuotas allow. Last in the chain, because it charges the final object.
import { groupResource } from '../../api/object.ts'
import type { ResourceDefinition } from '../../api/resources/resource.ts'
import { forbidden } from '../../api/status.ts'
import { type AdmissionRequest, admitted } from '../admission.ts'
import type { PluginDefinition, PluginSteps } from '../plugin-definition.ts'
import { evaluatorOf } from '../quota/evaluators.ts'
import type { Charge, QuotaLedger } from '../quota/ledger.ts'

/** Events, which upstream does not count either. */
const uncounted = new Set(['events', 'events.events.k8s.io'])
const isEventResource = ({ group, plural }: ResourceDefinition): boolean => uncounted.has(groupResource(group, plural))

export const resourceQuota: PluginDefinition<{ readonly ledger: QuotaLedger }> = {
  name: 'ResourceQuota',
  does: "Refuses usage beyond the namespace's ResourceQuotas",
  on: 'always',
  guard: 'one namespace can use up the cluster',
  handles: [{ operations: ['CREATE', 'UPDATE'], resources: ['*/*'] }],
  create,
}

function create({ ledger }: { readonly ledger: QuotaLedger }): PluginSteps {
  /**
   * Until the end of the request, which is always reported. Not a Map: its outgrown tables keep their content until the next major
   * collection.
   */
  const charged = new WeakMap<AdmissionRequest, Charge>()
  return {
    handles: request => {
      const { namespace, resource } = request
      if (namespace === '' || resource.virtual) return false
      const name = groupResource(resource.group, resource.plural)
      return ledger.concerns(name, namespace) && !uncounted.has(name) && evaluatorOf(name).handles(request)
    },
    async validate(request) {
      const { resource, object, oldObject, dryRun } = request
      if (object === undefined) return admitted
      const name = groupResource(resource.group, resource.plural)
      const verdict = ledger.admit(name, request.namespace, { object, oldObject }, dryRun)
      if (!verdict.allowed) return { allowed: false, error: forbidden(resource, request.name, verdict.why) }
      if (verdict.charge !== undefined) charged.set(request, verdict.charge)
      return admitted
    },
    recheck(request) {
      const why = charged.get(request)?.recheck()
      return why === undefined ? admitted : { allowed: false, error: forbidden(request.resource, request.name, why) }
    },
    validateSize(request, { growth }) {
      const { namespace, resource, name } = request
      if (namespace === '' || growth <= 0 || isEventResource(resource)) return admitted
      const why = ledger.refuseGrowth(namespace, growth)
      return why === undefined ? admitted : { allowed: false, error: forbidden(resource, name, why) }
    },
    finish(request, stored) {
      charged.get(request)?.settle(stored)
      charged.delete(request)
    },
  }
}
