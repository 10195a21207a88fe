// An Ingress that names no class gets the cluster's default one, where there is one.

import { defaultClassName } from '../../api/default-class.ts'
import type { Ingress } from '../../api/types/networking-v1.ts'
import type { AdmissionPlugin, ClusterReader } from '../admission.ts'

const markers = ['ingressclass.kubernetes.io/is-default-class']
/** The older way to name a class, which counts as naming one. */
const classAnnotation = 'kubernetes.io/ingress.class'

export function defaultIngressClass({ reader }: { readonly reader: ClusterReader }): AdmissionPlugin {
  return {
    name: 'DefaultIngressClass',
    handles: ({ resource, subresource, operation }) =>
      resource.group === 'networking.k8s.io' && resource.plural === 'ingresses' && subresource === '' && operation === 'CREATE',
    mutate({ object }) {
      const ingress = object as Ingress | undefined
      if (ingress === undefined || ingress.metadata.annotations?.[classAnnotation] !== undefined) return
      if (ingress.spec.ingressClassName !== undefined) return
      const name = defaultClassName(reader.list('ingressclasses.networking.k8s.io'), markers)
      if (name !== undefined) ingress.spec.ingressClassName = name
    },
  }
}
