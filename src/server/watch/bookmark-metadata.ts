// What the object of a bookmark says.

/**
 * A client that lists by a watch puts what came into the empty list, `blueprint` in the encoding of the events; without it client-go lists once more.
 * It is given where what existed before ends here.
 */
export function bookmarkMetadata(revision: number, blueprint: Buffer | undefined) {
  return {
    resourceVersion: String(revision),
    creationTimestamp: null,
    ...(blueprint === undefined
      ? {}
      : {
          annotations: {
            'k8s.io/initial-events-end': 'true',
            'kubernetes.io/initial-events-list-blueprint': blueprint.toString('base64'),
          },
        }),
  }
}
