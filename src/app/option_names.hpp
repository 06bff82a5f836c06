#pragma once

#include <optional>
#include <vector>

#include "foehn/bias/calibration.hpp"
#include "foehn/config/choice.hpp"
#include "foehn/diffusion/noise_level.hpp"
#include "foehn/diffusion/sampler.hpp"
#include "foehn/ingestion/bias_correction.hpp"
#include "foehn/ingestion/observation_stream.hpp"
#include "foehn/ingestion/time_sampling.hpp"
#include "foehn/process/device.hpp"

namespace foehn::app {

/// Arithmetic of a prior, or of a network that is trained.
enum class Precision { fp32, bf16 };
/// What carries halos between ranks.
enum class Transport { automatic, mpi };
/// How observations enter.
enum class Guidance { none, sda, sda_exact, mmps };
/// Whose posterior covariance of clean fields guides: that of the Gaussian part of a prior, that of the whole
/// prior, or the latter with the former as a preconditioner.
enum class Covariance { gaussian, network, preconditioned };
/// What anomalies are divided by: a deviation by cell, hour of day and season as far as the record tells, or
/// one number per variable.
enum class Deviating { automatic, one };
/// The files of a member.
enum class Layout { member, cordex };
/// What a network learns.
enum class NetworkKind { gaussian_preconditioned, score_unet };
/// What `foehn bench` times.
enum class TimedNetwork { prior, full };

}  // namespace foehn::app

// The words that users give for values of enumerations.
namespace foehn::config {

template <>
const std::vector<Named<app::Precision>>& names_of();
template <>
const std::vector<Named<app::Transport>>& names_of();
template <>
const std::vector<Named<app::Guidance>>& names_of();
template <>
const std::vector<Named<std::optional<app::Covariance>>>& names_of();
template <>
const std::vector<Named<app::Deviating>>& names_of();
template <>
const std::vector<Named<app::Layout>>& names_of();
template <>
const std::vector<Named<app::NetworkKind>>& names_of();
template <>
const std::vector<Named<app::TimedNetwork>>& names_of();
template <>
const std::vector<Named<process::DeviceChoice>>& names_of();
template <>
const std::vector<Named<diffusion::Method>>& names_of();
template <>
const std::vector<Named<diffusion::Spacing>>& names_of();
template <>
const std::vector<Named<ingestion::RegridMethod>>& names_of();
template <>
const std::vector<Named<ingestion::TimeSampling>>& names_of();
template <>
const std::vector<Named<std::optional<ingestion::BiasMethod>>>& names_of();
template <>
const std::vector<Named<bias::Kind>>& names_of();

}  // namespace foehn::config
