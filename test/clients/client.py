"""What programs built on the Python client do, one scenario a run: `client.py SCENARIO KUBECONFIG NAMESPACE`."""
import sys

from kubernetes import client, config, dynamic, utils, watch
from kubernetes.client.rest import ApiException


def run_objects(namespace):
    core = client.CoreV1Api()
    made = core.create_namespaced_config_map(
        namespace, client.V1ConfigMap(metadata=client.V1ObjectMeta(name='objects'), data={'x': '1'})
    )
    assert made.metadata.uid and made.metadata.creation_timestamp.tzinfo, made.metadata
    assert core.patch_namespaced_config_map('objects', namespace, {'data': {'y': '2'}}).data == {'x': '1', 'y': '2'}
    patch = [{'op': 'remove', 'path': '/data/y'}]
    assert core.patch_namespaced_config_map('objects', namespace, patch).data == {'x': '1'}
    made.metadata.resource_version = '1'
    try:
        core.replace_namespaced_config_map('objects', namespace, made)
        raise AssertionError('a stale update passed')
    except ApiException as err:
        assert err.status == 409, err
    assert core.delete_namespaced_config_map('objects', namespace).status == 'Success'
    try:
        core.read_namespaced_config_map('objects', namespace)
        raise AssertionError('it is still there')
    except ApiException as err:
        assert err.status == 404, err


def run_apply(namespace):
    maps = dynamic.DynamicClient(client.ApiClient()).resources.get(api_version='v1', kind='ConfigMap')
    body = {'apiVersion': 'v1', 'kind': 'ConfigMap', 'metadata': {'name': 'applied'}, 'data': {'q': '1'}}
    made = maps.server_side_apply(body=body, name='applied', namespace=namespace, field_manager='python')
    assert made.data.q == '1', made
    body['data'] = {'r': '2'}
    made = maps.server_side_apply(body=body, name='applied', namespace=namespace, field_manager='python')
    assert dict(made.data) == {'r': '2'}, made
    try:
        body['data'] = {'r': '3'}
        maps.server_side_apply(body=body, name='applied', namespace=namespace, field_manager='another')
        raise AssertionError('a conflicting apply passed')
    except ApiException as err:
        assert err.status == 409, err


def run_watch(namespace):
    apps = client.AppsV1Api()
    labels = {'app': 'watched'}
    pod = {'containers': [{'name': 'app', 'image': 'example.com/app'}]}
    spec = {'replicas': 2, 'selector': {'matchLabels': labels}, 'template': {'metadata': {'labels': labels}, 'spec': pod}}
    deployment = {'apiVersion': 'apps/v1', 'kind': 'Deployment', 'metadata': {'name': 'watched'}, 'spec': spec}
    utils.create_from_dict(client.ApiClient(), deployment, namespace=namespace)
    watcher, types = watch.Watch(), []
    for event in watcher.stream(apps.list_namespaced_deployment, namespace, timeout_seconds=60):
        types.append(event['type'])
        if event['object'].status.ready_replicas == 2:
            watcher.stop()
    assert types[0] == 'ADDED' and set(types) <= {'ADDED', 'MODIFIED'}, types
    scale = apps.read_namespaced_deployment_scale('watched', namespace)
    scale.spec.replicas = 1
    assert apps.replace_namespaced_deployment_scale('watched', namespace, scale).spec.replicas == 1


def run_pages(namespace):
    core = client.CoreV1Api()
    for name in ('a', 'b', 'c'):
        core.create_namespaced_secret(namespace, {'metadata': {'name': name, 'labels': {'page': 'yes'}}})
    first = core.list_namespaced_secret(namespace, limit=2)
    assert len(first.items) == 2 and first.metadata.remaining_item_count == 1, first.metadata
    second = core.list_namespaced_secret(namespace, limit=2, _continue=first.metadata._continue)
    assert [item.metadata.name for item in second.items] == ['c'] and not second.metadata._continue
    core.delete_collection_namespaced_secret(namespace, label_selector='page=yes')
    assert core.list_namespaced_secret(namespace).items == []


def run_access(namespace):
    review = client.AuthorizationV1Api().create_self_subject_access_review(
        {'spec': {'resourceAttributes': {'verb': 'delete', 'resource': 'pods', 'namespace': namespace}}}
    )
    assert review.status.allowed, review
    spec = client.V1TokenRequestSpec(audiences=[], expiration_seconds=600)
    request = client.AuthenticationV1TokenRequest(spec=spec)
    token = client.CoreV1Api().create_namespaced_service_account_token('default', namespace, request)
    assert token.status.token.count('.') == 2


SCENARIOS = {'objects': run_objects, 'apply': run_apply, 'watch': run_watch, 'pages': run_pages, 'access': run_access}

if __name__ == '__main__':
    scenario, kubeconfig, namespace = sys.argv[1:]
    config.load_kube_config(kubeconfig)
    SCENARIOS[scenario](namespace)
    print('passed')
