// The answers of a small aggregated server: its documents, and objects in memory. Needs only Node.
import type { IncomingMessage, ServerResponse } from 'node:http'

export const group = 'wardle.example.com'
export const flunders = `/apis/${group}/v1/namespaces/default/flunders`

const sendJson = (response: ServerResponse, value: unknown, status = 200): void => {
  const body = Buffer.from(JSON.stringify(value))
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': body.length })
  response.end(body)
}

export const flunderResources = {
  kind: 'APIResourceList',
  apiVersion: 'v1',
  groupVersion: `${group}/v1`,
  resources: [
    {
      name: 'flunders',
      singularName: 'flunder',
      namespaced: true,
      kind: 'Flunder',
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      shortNames: ['fl'],
      categories: ['all'],
    },
    { name: 'flunders/status', singularName: '', namespaced: true, kind: 'Flunder', verbs: ['get', 'patch', 'update'] },
  ],
}

const flunderSchema = {
  description: 'Flunder is a thing of which there may be many.',
  type: 'object',
  properties: {
    apiVersion: { type: 'string' },
    kind: { type: 'string' },
    metadata: { $ref: '#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' },
    spec: {
      description: 'What the flunder is for.',
      type: 'object',
      properties: { purpose: { description: 'In a word.', type: 'string' } },
    },
  },
  'x-kubernetes-group-version-kind': [{ group, kind: 'Flunder', version: 'v1' }],
}
const objectMeta = { description: 'Another ObjectMeta.', type: 'object', properties: { name: { type: 'string' } } }
const flunderPath = `/apis/${group}/v1/namespaces/{namespace}/flunders`
const flunderAction = { 'x-kubernetes-action': 'list', 'x-kubernetes-group-version-kind': { group, kind: 'Flunder', version: 'v1' } }
const schemasV3 = JSON.parse(
  JSON.stringify({ 'com.example.Flunder': flunderSchema, 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta': objectMeta }).replaceAll(
    '#/definitions/',
    '#/components/schemas/',
  ),
)

/** Its documents, by path. */
export const flunderDocuments: Readonly<Record<string, object>> = {
  [`/apis/${group}/v1`]: flunderResources,
  '/apis': { kind: 'APIGroupList', apiVersion: 'v1', groups: [] },
  '/openapi/v2': {
    swagger: '2.0',
    info: { title: 'wardle', version: '1' },
    paths: {
      [flunderPath]: {
        get: {
          operationId: 'listFlunders',
          parameters: [{ $ref: '#/parameters/limit' }],
          responses: { 200: { description: 'OK', schema: { $ref: '#/definitions/com.example.Flunder' } } },
          ...flunderAction,
        },
      },
      '/apis/other.example.com/v1/things': { get: { responses: { 200: { schema: { $ref: '#/definitions/com.example.Other' } } } } },
    },
    definitions: {
      'com.example.Flunder': flunderSchema,
      'com.example.Other': { type: 'object' },
      'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta': objectMeta,
    },
    parameters: { limit: { name: 'limit', in: 'query', type: 'integer' } },
  },
  '/openapi/v3': { paths: { [`apis/${group}/v1`]: { serverRelativeURL: `/openapi/v3/apis/${group}/v1?hash=1` } } },
  [`/openapi/v3/apis/${group}/v1`]: {
    openapi: '3.0.0',
    info: { title: 'wardle', version: '1' },
    paths: {
      [flunderPath]: {
        get: {
          responses: {
            200: {
              description: 'OK',
              content: { 'application/json': { schema: { $ref: '#/components/schemas/com.example.Flunder' } } },
            },
          },
          ...flunderAction,
        },
      },
    },
    components: { schemas: schemasV3 },
  },
}

/** A small API: discovery in the old format, objects in memory by path. */
export function flunderServer(): (request: IncomingMessage, response: ServerResponse) => void {
  const objects = new Map<string, Record<string, unknown>>()
  return (request, response) => {
    const { method = 'GET', url = '' } = request
    const { pathname } = new URL(url, 'https://wardle')
    const document = flunderDocuments[pathname]
    if (document !== undefined) return sendJson(response, document)
    if (method === 'POST' && pathname === flunders) {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.once('end', () => {
        const object = JSON.parse(Buffer.concat(chunks).toString())
        objects.set(`${flunders}/${object.metadata.name}`, { ...object, apiVersion: `${group}/v1`, kind: 'Flunder' })
        sendJson(response, objects.get(`${flunders}/${object.metadata.name}`), 201)
      })
      return
    }
    if (pathname === flunders) {
      return sendJson(response, {
        apiVersion: `${group}/v1`,
        kind: 'FlunderList',
        metadata: { resourceVersion: '1' },
        items: [...objects.values()],
      })
    }
    const found = objects.get(pathname)
    if (found !== undefined && method === 'DELETE') objects.delete(pathname)
    const missing = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      reason: 'NotFound',
      message: 'no such flunder',
      code: 404,
    }
    sendJson(response, found ?? missing, found === undefined ? 404 : 200)
  }
}
