// What programs built on client-go do, one scenario a run: `client SCENARIO KUBECONFIG NAMESPACE`. Fails with a message and exit code 1.
// Only the packages that the scenarios need are imported: the whole clientset takes minutes to compile.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	typedapps "k8s.io/client-go/kubernetes/typed/apps/v1"
	typedauthentication "k8s.io/client-go/kubernetes/typed/authentication/v1"
	typedcoordination "k8s.io/client-go/kubernetes/typed/coordination/v1"
	typedcore "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/client-go/tools/pager"
)

var ctx, cancel = context.WithTimeout(context.Background(), 150*time.Second)
var configMaps = schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}

var scenarios = map[string]func(config *rest.Config, namespace string){
	"discovery":       runDiscovery,
	"json":            func(config *rest.Config, namespace string) { runTyped(config, namespace, "json") },
	"protobuf":        func(config *rest.Config, namespace string) { runTyped(protobuf(config), namespace, "protobuf") },
	"protobuf-only":   runProtobufOnly,
	"informer":        func(config *rest.Config, namespace string) { runInformer(config, namespace, "json") },
	"watch-list":      func(config *rest.Config, namespace string) { runInformer(protobuf(config), namespace, "list") },
	"dynamic":         runDynamic,
	"metadata":        runMetadata,
	"pager":           runPager,
	"leader-election": runLeaderElection,
}

func main() {
	if len(os.Args) != 4 || scenarios[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: client SCENARIO KUBECONFIG NAMESPACE")
		os.Exit(2)
	}
	defer cancel()
	config, err := clientcmd.BuildConfigFromFlags("", os.Args[2])
	must(err)
	config.QPS, config.Burst = 500, 500
	scenarios[os.Args[1]](config, os.Args[3])
	fmt.Println("passed")
}

func must(err error) {
	if err != nil {
		fail("%v", err)
	}
}

func fail(format string, values ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", values...)
	os.Exit(1)
}

func expect(what string, holds bool, seen ...any) {
	if !holds {
		fail("%s: %v", what, seen)
	}
}

func pointer[T any](value T) *T { return &value }

func protobuf(config *rest.Config) *rest.Config {
	binary := rest.CopyConfig(config)
	binary.ContentType = "application/vnd.kubernetes.protobuf"
	binary.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
	return binary
}

func runDiscovery(config *rest.Config, _ string) {
	client := discovery.NewDiscoveryClientForConfigOrDie(config)
	version, err := client.ServerVersion()
	must(err)
	expect("version", version.Major == "1" && version.Minor == "33", version)
	lists, err := client.ServerPreferredResources()
	must(err)
	expect("preferred resources", len(lists) > 10, len(lists))
	paths, err := client.OpenAPIV3().Paths()
	must(err)
	document, err := paths["apis/apps/v1"].Schema("application/json")
	must(err)
	expect("OpenAPI v3", len(document) > 1000, len(document))
	whole, err := client.OpenAPISchema()
	must(err)
	expect("OpenAPI v2", len(whole.Definitions.AdditionalProperties) > 300, len(whole.Definitions.AdditionalProperties))
}

func runTyped(config *rest.Config, namespace string, name string) {
	client := typedcore.NewForConfigOrDie(config).ConfigMaps(namespace)
	watcher, err := client.Watch(ctx, metav1.ListOptions{FieldSelector: "metadata.name=" + name})
	must(err)
	object, err := client.Create(ctx, &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: name}, Data: map[string]string{"a": "b"}, BinaryData: map[string][]byte{"x": {0, 255}},
	}, metav1.CreateOptions{})
	must(err)
	expect("created", object.UID != "" && object.Data["a"] == "b" && object.BinaryData["x"][1] == 255, object)
	object.Data["a"] = "c"
	_, err = client.Update(ctx, object, metav1.UpdateOptions{})
	must(err)
	_, err = client.Update(ctx, object, metav1.UpdateOptions{})
	expect("a stale update conflicts", apierrors.IsConflict(err), err)
	for patchType, patch := range map[types.PatchType]string{
		types.MergePatchType:          `{"data":{"merge":"1"}}`,
		types.StrategicMergePatchType: `{"data":{"strategic":"1"}}`,
		types.JSONPatchType:           `[{"op":"add","path":"/data/json","value":"1"}]`,
	} {
		_, err = client.Patch(ctx, name, patchType, []byte(patch), metav1.PatchOptions{})
		must(err)
	}
	applied, err := client.Apply(ctx, applycorev1.ConfigMap(name, namespace).WithData(map[string]string{"own": "1"}), metav1.ApplyOptions{FieldManager: "go"})
	must(err)
	expect("all fields", len(applied.Data) == 5, applied.Data)
	own, err := applycorev1.ExtractConfigMap(applied, "go")
	must(err)
	expect("own fields", len(own.Data) == 1 && own.Data["own"] == "1", own.Data)
	_, err = client.Apply(ctx, applycorev1.ConfigMap(name, namespace).WithData(map[string]string{"a": "1"}), metav1.ApplyOptions{FieldManager: "go"})
	expect("an apply conflicts", apierrors.IsConflict(err), err)
	_, err = client.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "BAD"}}, metav1.CreateOptions{})
	expect("an invalid name", apierrors.IsInvalid(err), err)
	err = client.Delete(ctx, name, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: pointer(types.UID("another"))}})
	expect("a precondition", apierrors.IsConflict(err), err)
	must(client.Delete(ctx, name, metav1.DeleteOptions{}))
	seen := ""
	for event := range watcher.ResultChan() {
		seen += string(event.Type)[:1]
		if event.Type == watch.Deleted {
			break
		}
	}
	expect("events", seen == "AMMMMMD", seen)
}

// Nothing in JSON: objects, lists, events and refusals are what the server writes in protobuf.
func runProtobufOnly(config *rest.Config, namespace string) {
	binary := protobuf(config)
	binary.AcceptContentTypes = "application/vnd.kubernetes.protobuf"
	runTyped(binary, namespace, "protobuf-only")
	core := typedcore.NewForConfigOrDie(binary)
	list, err := core.ConfigMaps(namespace).List(ctx, metav1.ListOptions{})
	must(err)
	expect("a list", len(list.Items) > 0 && list.Items[0].Data["ca.crt"] != "" && list.ResourceVersion != "", list)
	_, err = core.ConfigMaps(namespace).Get(ctx, "none", metav1.GetOptions{})
	expect("a refusal", apierrors.IsNotFound(err), err)
	review, err := typedauthentication.NewForConfigOrDie(binary).SelfSubjectReviews().Create(ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	must(err)
	expect("a question", review.Status.UserInfo.Username != "", review)
	runInformer(binary, namespace, "protobuf-informer")
}

// Follows the pods of a Deployment from the first to the last.
func runInformer(config *rest.Config, namespace string, name string) {
	core := typedcore.NewForConfigOrDie(config)
	apps := typedapps.NewForConfigOrDie(config).Deployments(namespace)
	added, ready, deleted := make(chan string, 10), make(chan string, 100), make(chan string, 10)
	source := cache.NewListWatchFromClient(core.RESTClient(), "pods", namespace, fields.Everything())
	informer := cache.NewSharedIndexInformer(source, &corev1.Pod{}, 0, cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc})
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: func(object any) { added <- object.(*corev1.Pod).Name },
		UpdateFunc: func(_, object any) {
			if object.(*corev1.Pod).Status.Phase == corev1.PodRunning {
				ready <- object.(*corev1.Pod).Name
			}
		},
		DeleteFunc: func(any) { deleted <- "" },
	})
	must(err)
	go informer.Run(ctx.Done())
	expect("synced", cache.WaitForCacheSync(ctx.Done(), informer.HasSynced))
	labels := map[string]string{"app": name}
	pod := corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: "example.com/app"}}}
	_, err = apps.Create(ctx, &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: appsv1.DeploymentSpec{
		Replicas: pointer(int32(2)), Selector: &metav1.LabelSelector{MatchLabels: labels},
		Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: pod},
	}}, metav1.CreateOptions{})
	must(err)
	receive("two pods", added, 2)
	receive("two running pods", ready, 2)
	expect("the cache holds both", len(informer.GetStore().ListKeys()) == 2, informer.GetStore().ListKeys())
	scale, err := apps.GetScale(ctx, name, metav1.GetOptions{})
	must(err)
	scale.Spec.Replicas = 1
	_, err = apps.UpdateScale(ctx, name, scale, metav1.UpdateOptions{})
	must(err)
	receive("one pod less", deleted, 1)
	must(apps.Delete(ctx, name, metav1.DeleteOptions{PropagationPolicy: pointer(metav1.DeletePropagationForeground)}))
	receive("no pod", deleted, 1)
}

func receive(what string, names <-chan string, count int) {
	seen := map[string]bool{}
	for len(seen) < count {
		select {
		case name := <-names:
			seen[name] = true
		case <-ctx.Done():
			fail("waited in vain for %s: %v", what, seen)
		}
	}
}

func runDynamic(config *rest.Config, namespace string) {
	client := dynamic.NewForConfigOrDie(config).Resource(configMaps).Namespace(namespace)
	object := func(data map[string]any) *unstructured.Unstructured {
		return &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "dynamic"}, "data": data,
		}}
	}
	_, err := client.Create(ctx, object(map[string]any{"a": "b"}), metav1.CreateOptions{})
	must(err)
	applied, err := client.Apply(ctx, "dynamic", object(map[string]any{"x": "y"}), metav1.ApplyOptions{FieldManager: "go"})
	must(err)
	data, _, err := unstructured.NestedStringMap(applied.Object, "data")
	must(err)
	expect("both fields", data["a"] == "b" && data["x"] == "y", data)
	must(client.Delete(ctx, "dynamic", metav1.DeleteOptions{}))
}

func runMetadata(config *rest.Config, namespace string) {
	_, err := typedcore.NewForConfigOrDie(config).ConfigMaps(namespace).Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "meta"}}, metav1.CreateOptions{})
	must(err)
	client := metadata.NewForConfigOrDie(config).Resource(configMaps).Namespace(namespace)
	object, err := client.Get(ctx, "meta", metav1.GetOptions{})
	must(err)
	expect("metadata", object.Name == "meta" && object.UID != "", object)
	watcher, err := client.Watch(ctx, metav1.ListOptions{FieldSelector: "metadata.name=meta"})
	must(err)
	event := <-watcher.ResultChan()
	_, partial := event.Object.(*metav1.PartialObjectMetadata)
	expect("an event of metadata", partial, event)
}

func runPager(config *rest.Config, namespace string) {
	client := typedcore.NewForConfigOrDie(config).Secrets(namespace)
	for index := range 25 {
		_, err := client.Create(ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("page-%02d", index)}}, metav1.CreateOptions{})
		must(err)
	}
	pages := 0
	pageOf := pager.New(pager.SimplePageFunc(func(options metav1.ListOptions) (runtime.Object, error) {
		pages++
		return client.List(ctx, options)
	}))
	pageOf.PageSize = 7
	count := 0
	must(pageOf.EachListItem(ctx, metav1.ListOptions{}, func(runtime.Object) error { count++; return nil }))
	expect("all, in pages", count == 25 && pages == 4, count, pages)
}

func runLeaderElection(config *rest.Config, namespace string) {
	leaders := make(chan string, 2)
	run := func(config *rest.Config, identity string) (context.CancelFunc, <-chan struct{}) {
		own, stop := context.WithCancel(ctx)
		stopped := make(chan struct{})
		go func() {
			defer close(stopped)
			leaderelection.RunOrDie(own, leaderelection.LeaderElectionConfig{
				Lock: &resourcelock.LeaseLock{
					LeaseMeta:  metav1.ObjectMeta{Namespace: namespace, Name: "leader"},
					Client:     typedcoordination.NewForConfigOrDie(config),
					LockConfig: resourcelock.ResourceLockConfig{Identity: identity},
				},
				LeaseDuration: 60 * time.Second, RenewDeadline: 40 * time.Second, RetryPeriod: 2 * time.Second, ReleaseOnCancel: true,
				Callbacks: leaderelection.LeaderCallbacks{
					OnStartedLeading: func(context.Context) { leaders <- identity },
					OnStoppedLeading: func() {},
				},
			})
		}()
		return stop, stopped
	}
	stopFirst, firstStopped := run(config, "first")
	leader := <-leaders
	expect("the first leads", leader == "first", leader)
	stopSecond, _ := run(protobuf(config), "second")
	defer stopSecond()
	// A renewal that is cut off halfway would keep the lease from being given back: one has just ended, and the next is seconds away.
	leases := typedcoordination.NewForConfigOrDie(config).Leases(namespace)
	for renewed := false; !renewed; {
		lease, err := leases.Get(ctx, "leader", metav1.GetOptions{})
		must(err)
		renewed = lease.Spec.RenewTime.After(lease.Spec.AcquireTime.Time)
	}
	stopFirst()
	<-firstStopped
	// Only a lease that was given back is taken over before it runs out.
	began := time.Now()
	leader = <-leaders
	expect("the second leads", leader == "second" && time.Since(began) < 30*time.Second, leader)
}
