package launch_test

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// Kubernetes objects with the fields that launch files have, by the API
// references of apps/v1 and core/v1, leaderworkerset.x-k8s.io/v1 and
// serving.kserve.io/v1beta1. Fields are decoded strictly.
type (
	meta struct {
		Name        string            `yaml:"name"`
		Labels      map[string]string `yaml:"labels"`
		Annotations map[string]string `yaml:"annotations"`
	}
	head struct {
		APIVersion string `yaml:"apiVersion"`
		Kind       string `yaml:"kind"`
		Metadata   meta   `yaml:"metadata"`
	}
	podTemplate struct {
		Metadata meta    `yaml:"metadata"`
		Spec     podSpec `yaml:"spec"`
	}
	podSpec struct {
		EnableServiceLinks *bool       `yaml:"enableServiceLinks"`
		Containers         []container `yaml:"containers"`
		Volumes            []volume    `yaml:"volumes"`
	}
	container struct {
		Name           string   `yaml:"name"`
		Image          string   `yaml:"image"`
		Command        []string `yaml:"command"`
		Args           []string `yaml:"args"`
		Env            []envVar `yaml:"env"`
		Ports          []port   `yaml:"ports"`
		StartupProbe   *probe   `yaml:"startupProbe"`
		ReadinessProbe *probe   `yaml:"readinessProbe"`
		LivenessProbe  *probe   `yaml:"livenessProbe"`
		VolumeMounts   []struct {
			Name      string `yaml:"name"`
			MountPath string `yaml:"mountPath"`
			ReadOnly  bool   `yaml:"readOnly"`
		} `yaml:"volumeMounts"`
		Resources struct {
			Requests map[string]string `yaml:"requests"`
			Limits   map[string]string `yaml:"limits"`
		} `yaml:"resources"`
	}
	envVar struct {
		Name      string `yaml:"name"`
		Value     string `yaml:"value"`
		ValueFrom *struct {
			FieldRef *struct {
				FieldPath string `yaml:"fieldPath"`
			} `yaml:"fieldRef"`
			SecretKeyRef *struct {
				Name     string `yaml:"name"`
				Key      string `yaml:"key"`
				Optional bool   `yaml:"optional"`
			} `yaml:"secretKeyRef"`
		} `yaml:"valueFrom"`
	}
	port struct {
		Name          string `yaml:"name"`
		ContainerPort int    `yaml:"containerPort"`
	}
	probe struct {
		HTTPGet struct {
			Path string `yaml:"path"`
			Port string `yaml:"port"`
		} `yaml:"httpGet"`
		PeriodSeconds    int `yaml:"periodSeconds"`
		TimeoutSeconds   int `yaml:"timeoutSeconds"`
		FailureThreshold int `yaml:"failureThreshold"`
	}
	volume struct {
		Name     string `yaml:"name"`
		EmptyDir *struct {
			Medium string `yaml:"medium"`
		} `yaml:"emptyDir"`
		Claim *struct {
			ClaimName string `yaml:"claimName"`
			ReadOnly  bool   `yaml:"readOnly"`
		} `yaml:"persistentVolumeClaim"`
		ConfigMap *struct {
			Name string `yaml:"name"`
		} `yaml:"configMap"`
	}
)

// object of Kubernetes: check returns the accelerators that it takes, and notes
// in labels which pods there are (1) and which are asked for (-1 where none is).
type object interface {
	check(labels map[string]int) (accelerators int, err error)
}

type deploymentObject struct {
	head `yaml:",inline"`
	Spec struct {
		Replicas int `yaml:"replicas"`
		Selector struct {
			MatchLabels map[string]string `yaml:"matchLabels"`
		} `yaml:"selector"`
		Strategy struct {
			Type          string `yaml:"type"`
			RollingUpdate struct {
				MaxSurge       int `yaml:"maxSurge"`
				MaxUnavailable int `yaml:"maxUnavailable"`
			} `yaml:"rollingUpdate"`
		} `yaml:"strategy"`
		ProgressDeadlineSeconds int         `yaml:"progressDeadlineSeconds"`
		Template                podTemplate `yaml:"template"`
	} `yaml:"spec"`
}

func (o *deploymentObject) check(labels map[string]int) (int, error) {
	if fmt.Sprint(o.Spec.Selector.MatchLabels) != fmt.Sprint(o.Spec.Template.Metadata.Labels) || len(o.Spec.Selector.MatchLabels) == 0 {
		return 0, fmt.Errorf("the selector %v is not the pods' %v", o.Spec.Selector.MatchLabels, o.Spec.Template.Metadata.Labels)
	}
	labels[fmt.Sprint(o.Spec.Template.Metadata.Labels)] = 1
	n, err := o.Spec.Template.Spec.check(true)
	if start := o.Spec.Template.Spec.Containers[0].StartupProbe; err == nil && start.PeriodSeconds*start.FailureThreshold > o.Spec.ProgressDeadlineSeconds {
		return 0, fmt.Errorf("pods may take %d s to start, the roll-out %d s", start.PeriodSeconds*start.FailureThreshold, o.Spec.ProgressDeadlineSeconds)
	}
	return n * o.Spec.Replicas, err
}

type lwsObject struct {
	head `yaml:",inline"`
	Spec struct {
		Replicas             int `yaml:"replicas"`
		LeaderWorkerTemplate struct {
			Size           int         `yaml:"size"`
			RestartPolicy  string      `yaml:"restartPolicy"`
			LeaderTemplate podTemplate `yaml:"leaderTemplate"`
			WorkerTemplate podTemplate `yaml:"workerTemplate"`
		} `yaml:"leaderWorkerTemplate"`
	} `yaml:"spec"`
}

func (o *lwsObject) check(labels map[string]int) (int, error) {
	group := o.Spec.LeaderWorkerTemplate
	labels[fmt.Sprint(group.LeaderTemplate.Metadata.Labels)] = 1
	leader, err := group.LeaderTemplate.Spec.check(true)
	if err != nil {
		return 0, err
	}
	worker, err := group.WorkerTemplate.Spec.check(false)
	return o.Spec.Replicas * (leader + (group.Size-1)*worker), err
}

type inferenceService struct {
	head `yaml:",inline"`
	Spec struct {
		Predictor struct {
			MinReplicas int `yaml:"minReplicas"`
			MaxReplicas int `yaml:"maxReplicas"`
			podSpec     `yaml:",inline"`
		} `yaml:"predictor"`
	} `yaml:"spec"`
}

func (o *inferenceService) check(map[string]int) (int, error) {
	p := o.Spec.Predictor
	n, err := p.podSpec.check(true)
	if p.MinReplicas != p.MaxReplicas || err == nil && p.Containers[0].Name != "kserve-container" {
		return 0, fmt.Errorf("%d to %d replicas", p.MinReplicas, p.MaxReplicas)
	}
	return n * p.MinReplicas, err
}

type serviceObject struct {
	head `yaml:",inline"`
	Spec struct {
		Selector map[string]string `yaml:"selector"`
		Ports    []struct {
			Name       string `yaml:"name"`
			Port       int    `yaml:"port"`
			TargetPort string `yaml:"targetPort"`
		} `yaml:"ports"`
	} `yaml:"spec"`
}

func (o *serviceObject) check(labels map[string]int) (int, error) {
	if selector := fmt.Sprint(o.Spec.Selector); labels[selector] == 0 {
		labels[selector] = -1
	}
	if len(o.Spec.Ports) != 1 || o.Spec.Ports[0].TargetPort != "http" {
		return 0, fmt.Errorf("ports %+v", o.Spec.Ports)
	}
	return 0, nil
}

type configMap struct {
	head `yaml:",inline"`
	Data map[string]string `yaml:"data"`
}

func (o *configMap) check(map[string]int) (int, error) {
	for _, text := range o.Data {
		if err := yaml.Unmarshal([]byte(text), new(map[string]any)); err != nil {
			return 0, err
		}
	}
	return 0, nil
}

var dnsLabel = regexp.MustCompile(`^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$`)

// decodeObject finds an object's type by its kind.
func decodeObject(node *yaml.Node) (object, error) {
	var h struct {
		head `yaml:",inline"`
		Rest map[string]any `yaml:",inline"`
	}
	if err := node.Decode(&h); err != nil {
		return nil, err
	}
	if !dnsLabel.MatchString(h.Metadata.Name) {
		return nil, fmt.Errorf("name %q", h.Metadata.Name)
	}
	o, ok := map[string]object{
		"apps/v1 Deployment": &deploymentObject{}, "v1 Service": &serviceObject{}, "v1 ConfigMap": &configMap{},
		"leaderworkerset.x-k8s.io/v1 LeaderWorkerSet": &lwsObject{}, "serving.kserve.io/v1beta1 InferenceService": &inferenceService{},
	}[h.APIVersion+" "+h.Kind]
	if !ok {
		return nil, fmt.Errorf("an object %s %s", h.APIVersion, h.Kind)
	}
	text, err := yaml.Marshal(node)
	if err != nil {
		return nil, err
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	return o, decoder.Decode(o)
}

// check counts the accelerators of a pod. What serves has probes.
func (p *podSpec) check(serves bool) (int, error) {
	if len(p.Containers) != 1 || p.EnableServiceLinks == nil || *p.EnableServiceLinks {
		return 0, fmt.Errorf("%d containers", len(p.Containers))
	}
	c := p.Containers[0]
	if c.Image == "" || len(c.Command) == 0 || len(c.Args) == 0 {
		return 0, fmt.Errorf("container %+v", c)
	}
	if serves && (len(c.Ports) != 1 || c.Ports[0].Name != "http" || c.StartupProbe == nil || c.ReadinessProbe == nil || c.LivenessProbe == nil ||
		c.StartupProbe.HTTPGet.Port != "http" || c.StartupProbe.PeriodSeconds*c.StartupProbe.FailureThreshold < 3600) {
		return 0, fmt.Errorf("probes and ports %+v", c)
	}
	mounted := map[string]bool{}
	for _, m := range c.VolumeMounts {
		mounted[m.Name] = true
	}
	for _, v := range p.Volumes {
		if !mounted[v.Name] || v.EmptyDir == nil && v.Claim == nil && v.ConfigMap == nil || v.Name == "shm" && v.EmptyDir.Medium != "Memory" {
			return 0, fmt.Errorf("volume %+v", v)
		}
	}
	if len(mounted) != len(p.Volumes) {
		return 0, fmt.Errorf("%d mounts of %d volumes", len(mounted), len(p.Volumes))
	}
	if fmt.Sprint(c.Resources.Limits) != fmt.Sprint(c.Resources.Requests) {
		return 0, fmt.Errorf("resources %+v", c.Resources)
	}
	for _, n := range c.Resources.Limits {
		return strconv.Atoi(n)
	}
	return 0, nil
}
