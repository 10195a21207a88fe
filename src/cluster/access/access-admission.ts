// Access control rules that check what is about to be stored, as admission plug-ins.
import type { Authorization } from '../../access/authorize.ts'
import { checkDenialList } from '../../access/rights/denied-credentials.ts'
import { checkPolicyParameters, type PolicyParametersContext } from '../../access/rights/policy-parameters.ts'
import { checkRbacEscalation, type EscalationContext } from '../../access/rights/rbac-escalation.ts'
import { type AdmissionPlugin, admitted } from '../../admission/admission.ts'

/** Users cannot grant rights that they do not have. As upstream, checked on the final object, before its own faults are reported. */
export function rbacEscalation(context: EscalationContext): AdmissionPlugin {
  return {
    name: 'RbacEscalation',
    handles: ({ resource, operation }) => resource.group === 'rbac.authorization.k8s.io' && operation !== 'DELETE',
    async mutate(request) {
      const error = await checkRbacEscalation(request, context)
      if (error !== undefined) throw error
    },
  }
}

/** Users cannot let a policy read what they may not read. */
export function policyParameters(context: PolicyParametersContext): AdmissionPlugin {
  return {
    name: 'PolicyParameters',
    handles: ({ resource, subresource, operation }) =>
      resource.group === 'admissionregistration.k8s.io' && subresource === '' && (operation === 'CREATE' || operation === 'UPDATE'),
    async validate(request) {
      const error = await checkPolicyParameters(request, context)
      return error === undefined ? admitted : { allowed: false, error }
    },
  }
}

/** Write access to ConfigMaps is not the right to lock others out, nor to let them in again. */
export function denialList(authorization: Pick<Authorization, 'authorize'>): AdmissionPlugin {
  return {
    name: 'DeniedCredentials',
    handles: ({ resource, operation }) => resource.group === '' && resource.plural === 'configmaps' && operation !== 'CONNECT',
    async validate(request) {
      const error = await checkDenialList(request, authorization)
      return error === undefined ? admitted : { allowed: false, error }
    },
  }
}
