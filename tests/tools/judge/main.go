// The judge asks KServe's own credential builder what a storage initializer's container would get.
//
// It reads one request per line of JSON from standard input and answers each with one line of JSON
// on standard output, in the same order, until the input ends. It reads ServiceAccounts, Secrets and
// inferenceservice-config from the API server of the kubeconfig, afresh for every request.
//
// An answer holds what the builder made: references to Secrets, and the literals that it copies into
// the pod (KServe copies the headers of an https Secret as a literal, so an answer can hold a secret).
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/kserve/kserve/pkg/constants"
	"github.com/kserve/kserve/pkg/credentials"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

const (
	longestLine    = 8 << 20
	requestTimeout = 30 * time.Second
)

// request is one question. Mode "serviceAccount" is what a storageUri leads to, mode "storage" what
// storage.key and storage.parameters lead to. The credentials part of inferenceservice-config is
// Config when that is given, else it is read from the ConfigMap in ConfigNamespace.
type request struct {
	Mode            string            `json:"mode"`
	Namespace       string            `json:"namespace"`
	ServiceAccount  string            `json:"serviceAccount"`
	PodAnnotations  map[string]string `json:"podAnnotations"`
	StorageKey      string            `json:"storageKey"`
	Parameters      map[string]string `json:"parameters"`
	Args            []string          `json:"args"`
	Config          *string           `json:"config"`
	ConfigNamespace string            `json:"configNamespace"`
}

// answer is what the builder made of it. Error is empty when it was content.
type answer struct {
	Error        string               `json:"error"`
	Env          []corev1.EnvVar      `json:"env"`
	VolumeMounts []corev1.VolumeMount `json:"volumeMounts"`
	Volumes      []corev1.Volume      `json:"volumes"`
	Args         []string             `json:"args"`
}

func main() {
	kubeconfig := flag.String("kubeconfig", os.Getenv("KUBECONFIG"), "the cluster to read from")
	flag.Parse()
	if err := serve(*kubeconfig); err != nil {
		fmt.Fprintln(os.Stderr, "judge:", err)
		os.Exit(1)
	}
}

func serve(kubeconfig string) error {
	clientset, err := connect(kubeconfig)
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, longestLine)
	answers := json.NewEncoder(os.Stdout)
	answers.SetEscapeHTML(false)
	for lines.Scan() {
		if err := answers.Encode(judge(clientset, lines.Bytes())); err != nil {
			return err
		}
	}
	return lines.Err()
}

func connect(kubeconfig string) (kubernetes.Interface, error) {
	if kubeconfig == "" {
		return nil, errors.New("name the cluster: -kubeconfig FILE, or KUBECONFIG")
	}
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	// No client-side rate limit: hundreds of questions follow each other.
	config.QPS = -1
	return kubernetes.NewForConfig(config)
}

func judge(clientset kubernetes.Interface, line []byte) (result answer) {
	// The builder panics on a config that is not JSON and on a storage question without args.
	defer func() {
		if cause := recover(); cause != nil {
			result = answer{Error: fmt.Sprintf("panic: %v", cause)}
		}
	}()
	var question request
	if err := json.Unmarshal(line, &question); err != nil {
		return answer{Error: "the request is not JSON of the expected form: " + err.Error()}
	}
	ctx, cancel := context.WithTimeout(context.Background(), requestTimeout)
	defer cancel()
	config, err := builderConfig(ctx, clientset, question)
	if err != nil {
		return answer{Error: err.Error()}
	}
	return ask(ctx, clientset, config, question)
}

func builderConfig(ctx context.Context, clientset kubernetes.Interface, question request) (*corev1.ConfigMap, error) {
	if question.Config != nil {
		return &corev1.ConfigMap{Data: map[string]string{credentials.CredentialConfigKeyName: *question.Config}}, nil
	}
	if question.ConfigNamespace == "" {
		return nil, errors.New("the request names neither config nor configNamespace")
	}
	return clientset.CoreV1().ConfigMaps(question.ConfigNamespace).
		Get(ctx, constants.InferenceServiceConfigMapName, metav1.GetOptions{})
}

func ask(ctx context.Context, clientset kubernetes.Interface, config *corev1.ConfigMap, question request) answer {
	// v0.19.0 keeps the first argument and never uses it.
	builder := credentials.NewCredentialBuilder(nil, clientset, config)
	container := corev1.Container{Args: question.Args}
	var volumes []corev1.Volume
	var err error
	switch question.Mode {
	case "serviceAccount":
		err = builder.CreateSecretVolumeAndEnv(
			ctx, question.Namespace, question.PodAnnotations, question.ServiceAccount, &container, &volumes)
	case "storage":
		err = builder.CreateStorageSpecSecretEnvs(
			ctx, question.Namespace, question.PodAnnotations, question.StorageKey, question.Parameters, &container)
	default:
		err = fmt.Errorf("mode is %q, not serviceAccount or storage", question.Mode)
	}
	result := answer{Env: container.Env, VolumeMounts: container.VolumeMounts, Volumes: volumes, Args: container.Args}
	if err != nil {
		result.Error = err.Error()
	}
	return result
}
