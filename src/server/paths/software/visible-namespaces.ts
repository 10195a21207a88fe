// In which namespaces a user may list pods: what runs in others is not shown.
import type { Attributes } from '../../../access/access.ts'
import type { Authorize } from '../../request/authorize.ts'
import type { RequestContext } from '../../request/request-context.ts'

const listPods = (context: RequestContext, namespace: string): Attributes => ({
  user: context.user,
  ...{ verb: 'list', group: '', version: 'v1', resource: 'pods', subresource: '' },
  isResource: true,
  namespace,
  name: '',
  path: '',
})

/** Each namespace is authorized once. */
export function visibleNamespaces(authorize: Authorize, context: RequestContext): (namespace: string) => Promise<boolean> {
  const known = new Map<string, Promise<boolean>>()
  const may = (namespace: string): Promise<boolean> => {
    const verdict = known.get(namespace) ?? authorize(listPods(context, namespace), context).then(({ allowed }) => allowed)
    known.set(namespace, verdict)
    return verdict
  }
  return async namespace => (await may('')) || may(namespace)
}
