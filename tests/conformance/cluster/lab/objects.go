package main

// Of the API's objects, the fields that are used here.

type pod struct {
	Metadata meta      `json:"metadata"`
	Spec     podSpec   `json:"spec"`
	Status   podStatus `json:"status"`
}

type podSpec struct {
	NodeName           string           `json:"nodeName"`
	ServiceAccountName string           `json:"serviceAccountName"`
	SecurityContext    *securityContext `json:"securityContext"`
	InitContainers     []container      `json:"initContainers"`
	Containers         []container      `json:"containers"`
	Volumes            []volume         `json:"volumes"`
	GracePeriod        *int64           `json:"terminationGracePeriodSeconds"`
}

type securityContext struct {
	RunAsUser              *int `json:"runAsUser"`
	RunAsGroup             *int `json:"runAsGroup"`
	FSGroup                *int `json:"fsGroup"`
	ReadOnlyRootFilesystem bool `json:"readOnlyRootFilesystem"`
}

type container struct {
	Name            string           `json:"name"`
	Image           string           `json:"image"`
	Command         []string         `json:"command"`
	Args            []string         `json:"args"`
	Env             []variable       `json:"env"`
	Ports           []containerPort  `json:"ports"`
	VolumeMounts    []volumeMount    `json:"volumeMounts"`
	SecurityContext *securityContext `json:"securityContext"`
	ReadinessProbe  *probe           `json:"readinessProbe"`
	LivenessProbe   *probe           `json:"livenessProbe"`
}

type variable struct {
	Name      string `json:"name"`
	Value     string `json:"value"`
	ValueFrom *struct {
		FieldRef *struct {
			FieldPath string `json:"fieldPath"`
		} `json:"fieldRef"`
	} `json:"valueFrom"`
}

type containerPort struct {
	Name          string `json:"name"`
	ContainerPort int    `json:"containerPort"`
}

type volumeMount struct {
	Name      string `json:"name"`
	MountPath string `json:"mountPath"`
	ReadOnly  bool   `json:"readOnly"`
}

type volume struct {
	Name      string     `json:"name"`
	EmptyDir  *struct{}  `json:"emptyDir"`
	ConfigMap *configMap `json:"configMap"`
	Secret    *struct {
		SecretName string `json:"secretName"`
		Items      []item `json:"items"`
	} `json:"secret"`
	Projected *struct {
		Sources []projection `json:"sources"`
	} `json:"projected"`
}

type configMap struct {
	Name  string `json:"name"`
	Items []item `json:"items"`
}

type item struct {
	Key  string `json:"key"`
	Path string `json:"path"`
}

type projection struct {
	ConfigMap           *configMap `json:"configMap"`
	ServiceAccountToken *struct {
		Audience          string `json:"audience"`
		ExpirationSeconds int64  `json:"expirationSeconds"`
		Path              string `json:"path"`
	} `json:"serviceAccountToken"`
	DownwardAPI *struct {
		Items []struct {
			Path     string `json:"path"`
			FieldRef struct {
				FieldPath string `json:"fieldPath"`
			} `json:"fieldRef"`
		} `json:"items"`
	} `json:"downwardAPI"`
}

type probe struct {
	HTTPGet *struct {
		Path string `json:"path"`
		Port any    `json:"port"`
	} `json:"httpGet"`
	PeriodSeconds    int `json:"periodSeconds"`
	TimeoutSeconds   int `json:"timeoutSeconds"`
	FailureThreshold int `json:"failureThreshold"`
}

type condition struct {
	Type               string `json:"type"`
	Status             string `json:"status"`
	Reason             string `json:"reason,omitempty"`
	Message            string `json:"message,omitempty"`
	LastTransitionTime string `json:"lastTransitionTime"`
}

type address struct {
	IP string `json:"ip"`
}

type podStatus struct {
	ObservedGeneration int64             `json:"observedGeneration,omitempty"`
	Phase              string            `json:"phase"`
	Conditions         []condition       `json:"conditions"`
	HostIP             string            `json:"hostIP,omitempty"`
	PodIP              string            `json:"podIP,omitempty"`
	PodIPs             []address         `json:"podIPs,omitempty"`
	StartTime          string            `json:"startTime,omitempty"`
	ContainerStatuses  []containerStatus `json:"containerStatuses,omitempty"`
}

type containerStatus struct {
	Name         string         `json:"name"`
	Image        string         `json:"image"`
	ImageID      string         `json:"imageID"`
	Ready        bool           `json:"ready"`
	Started      bool           `json:"started"`
	RestartCount int            `json:"restartCount"`
	State        map[string]any `json:"state"`
}
