// The texts for `kubectl explain` of the kinds of the cluster's own registry.

export const registryDescriptions = {
  'supply/v1.RegistryMirror': {
    text: 'RegistryMirror says where images of a registry are read instead. What a digest names is the same everywhere: a mirror that answers something else is not used.',
    fields: { spec: 'The registry and its mirrors.' },
  },
  'supply/v1.RegistryMirrorSpec': {
    text: 'RegistryMirrorSpec is a registry and where its images are read.',
    fields: {
      registry: 'The registry as in image references, such as docker.io or registry.example.com:5000.',
      mirrors: 'Tried in this order before the registry itself.',
      only: 'Whether the registry itself is never contacted. Default: false.',
      pullThrough:
        "Nodes get the images from the cluster's registry alone (bulkhead up --registry), which fetches and keeps what it does not have.",
    },
  },
  'supply/v1.MirrorEndpoint': {
    text: 'MirrorEndpoint is a registry that has the images of another one.',
    fields: {
      endpoint:
        'Host, port and the path below which the repositories are: with mirror.example.com:5000/hub, docker.io/library/nginx is read from mirror.example.com:5000/hub/library/nginx.',
      authorities: "PEM of the mirror's authorities. Without it, those of the system.",
      resolvesTags:
        'Whether it may say which digest a tag is. Default: false, unless the registry itself is never contacted. Digests need no trust.',
    },
  },
  'supply/v1.PullThrough': {
    text: "PullThrough keeps images of a registry in the cluster's own.",
    fields: {
      namespace:
        'The first part of the names that the images have in the cluster\'s registry: docker.io/library/nginx is NAMESPACE/library/nginx. The right to pull them is the verb "pull" on "repositories" in this namespace.',
    },
  },
  'supply/v1.RegistryToken': {
    text: "RegistryToken is a password for the cluster's registry, for the user who requests it. ServiceAccounts use a TokenRequest for the registry's audience instead.",
    fields: { spec: 'How long it lasts.', status: 'The token. It is not stored.' },
  },
  'supply/v1.RegistryTokenSpec': {
    text: 'RegistryTokenSpec is what a user asks of a token.',
    fields: { expirationSeconds: 'From 600 to 3600 seconds; 3600 by default.' },
  },
  'supply/v1.RegistryTokenStatus': {
    text: 'RegistryTokenStatus is the token that was issued.',
    fields: {
      username: 'The user that the token is for.',
      token: 'The password. The registry alone accepts it, whatever user name is given with it.',
      expirationTimestamp: 'When it expires.',
    },
  },
  'supply/v1.RepositoryAccessReview': {
    text: "RepositoryAccessReview is the question of the cluster's registry: may the owner of this token do this with these repositories, now?",
    fields: { spec: 'The question.', status: 'The answer. It is not stored.' },
  },
  'supply/v1.RepositoryAccessReviewSpec': {
    text: 'RepositoryAccessReviewSpec is a credential and what is asked for it.',
    fields: {
      token: "A token for the registry's audience, or for that of the API server.",
      verb: 'pull, push or delete.',
      repositories: 'Names such as shop/web: the first part is the namespace. Without any, only the token is reviewed.',
    },
  },
  'supply/v1.RepositoryAccessReviewStatus': {
    text: 'RepositoryAccessReviewStatus is whether the token is valid, and which repositories its owner may use.',
    fields: {
      authenticated: 'Whether the token is valid now.',
      username: 'Its owner.',
      reason: 'Why it is not valid, or why something is not allowed.',
      allowed: 'The repositories of the question with which the owner may do it.',
      storage:
        'Bytes that the namespace of the first repository may store in the registry, if one of its ResourceQuotas has the resource repositories.supply.bulkhead.dev/storage.',
    },
  },
}
