// An Ingress without a class gets the cluster's default one, if there is one.

import { defaultClassName } from '../../api/default-class.ts'
import type { StoreReader } from '../../api/store-view.ts'
import type { Ingress } from '../../api/types/networking-v1.ts'
import type { PluginDefinition, PluginSteps } from '../plugin-definition.ts'

const markers = ['ingressclass.kubernetes.io/is-default-class']
/** The older way to set a class, which counts too. */
const classAnnotation = 'kubernetes.io/ingress.class'

export const defaultIngressClass: PluginDefinition<{ readonly reader: StoreReader }> = {
  name: 'DefaultIngressClass',
  does: 'Sets the default class of an Ingress without one',
  on: 'always',
  handles: [{ operations: ['CREATE'], resources: ['ingresses.networking.k8s.io'] }],
  create,
}

function create({ reader }: { readonly reader: StoreReader }): PluginSteps {
  return {
    async mutate({ object }) {
      const ingress = object as Ingress | undefined
      if (ingress === undefined || ingress.metadata.annotations?.[classAnnotation] !== undefined) return
      if (ingress.spec.ingressClassName !== undefined) return
      const name = defaultClassName(reader.list('ingressclasses.networking.k8s.io'), markers)
      if (name !== undefined) ingress.spec.ingressClassName = name
    },
  }
}
