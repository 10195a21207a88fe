// Publishing trust anchors in the name of a signer needs the right for that signer. The kind is off in v1.33, so no request comes yet.
import { forbidden } from '../../api/status.ts'
import { type AdmissionRequest, admitted } from '../admission.ts'
import type { PluginDefinition, PluginSteps } from '../plugin-definition.ts'

export interface ClusterTrustBundleAttestOptions {
  maySign(request: Pick<AdmissionRequest, 'user'>, verb: 'attest', signerName: string): Promise<boolean>
}

interface Bundle {
  readonly spec?: { readonly signerName?: string }
}

export const clusterTrustBundleAttest: PluginDefinition<ClusterTrustBundleAttestOptions> = {
  name: 'ClusterTrustBundleAttest',
  does: 'Requires the right for the signer to publish trust anchors in its name',
  on: 'always',
  guard: 'users who may write trust bundles can publish in the name of any signer',
  handles: [
    {
      operations: ['CREATE', 'UPDATE'],
      resources: ['clustertrustbundles.certificates.k8s.io', 'clustertrustbundles.certificates.k8s.io/*'],
    },
  ],
  create,
}

function create({ maySign }: ClusterTrustBundleAttestOptions): PluginSteps {
  return {
    async validate(request) {
      const { object, oldObject, operation, resource, name } = request
      const signerName = (object as Bundle | undefined)?.spec?.signerName ?? ''
      const before = (oldObject as Bundle | undefined)?.spec?.signerName ?? ''
      if (signerName === '' || (operation === 'UPDATE' && signerName === before)) return admitted
      const ofDomain = `${signerName.slice(0, signerName.indexOf('/'))}/*`
      if ((await maySign(request, 'attest', signerName)) || (await maySign(request, 'attest', ofDomain))) return admitted
      return { allowed: false, error: forbidden(resource, name, `user not permitted to attest for signerName "${signerName}"`) }
    },
  }
}
