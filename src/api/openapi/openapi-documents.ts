// OpenAPI operations without a resource: discovery, the version, and the documents of the issuer of ServiceAccount tokens. Neutral between
// v2 and v3.
import { groupTag } from './openapi-operations.ts'

export interface DocumentOperation {
  readonly head: { readonly tags: readonly string[]; readonly description: string; readonly operationId: string }
  /** As upstream, although a GET has no body. */
  readonly consumes: readonly string[] | undefined
  readonly produces: readonly string[]
  /** Type key; undefined for text. */
  readonly answer: string | undefined
}

/** Media types of objects in answers. */
export const produced: readonly string[] = ['application/json', 'application/yaml']

const issuerDocuments: Readonly<Record<string, DocumentOperation>> = {
  '.well-known/openid-configuration': {
    head: {
      tags: ['WellKnown'],
      description: 'get the configuration of the issuer of ServiceAccount tokens (OpenID Connect Discovery)',
      operationId: 'getServiceAccountIssuerOpenIDConfiguration',
    },
    consumes: undefined,
    produces: ['application/json'],
    answer: undefined,
  },
  'openid/v1/jwks': {
    head: {
      tags: ['openid'],
      description: 'get the public keys of the issuer of ServiceAccount tokens (JSON Web Key Set)',
      operationId: 'getServiceAccountIssuerOpenIDKeyset',
    },
    consumes: undefined,
    produces: ['application/jwk-set+json'],
    answer: undefined,
  },
}

export const issuerPaths: readonly string[] = Object.keys(issuerDocuments)

/** For `api/v1`, `apis/apps`, `version` or one of the issuer's paths. */
export function documentOperation(path: string): DocumentOperation {
  if (Object.hasOwn(issuerDocuments, path)) return issuerDocuments[path] as DocumentOperation
  const [root = '', group, version] = path.split('/')
  const tag = root === 'apis' && group !== undefined ? groupTag(group, version) : root === 'api' ? groupTag('', group) : root
  const { answer, description } = discoveryAnswer(path)
  const json = ['application/json']
  return {
    head: { tags: [tag], description, operationId: `get_${path.replace(/\W/g, '_')}` },
    ...(root === 'version' ? { consumes: json, produces: json } : { consumes: produced, produces: produced }),
    answer,
  }
}

function discoveryAnswer(path: string): { readonly answer: string; readonly description: string } {
  if (path === 'api') return { answer: 'meta/v1.APIVersions', description: 'get the versions of the core group' }
  if (path === 'apis') return { answer: 'meta/v1.APIGroupList', description: 'get all groups' }
  if (path === 'version') return { answer: 'version.Info', description: 'get the version of the server' }
  if (/^api\/|^apis\/.+\//.test(path)) return { answer: 'meta/v1.APIResourceList', description: 'get the resources of a version' }
  return { answer: 'meta/v1.APIGroup', description: 'get the versions of a group' }
}
